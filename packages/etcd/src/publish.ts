/** A member that has started tells the others its name and where clients reach it. */

import { setTimeout as wait } from 'node:timers/promises';
import type { ResolvedConfig } from './config.ts';
import type { Member } from './member.ts';

/** Pause after an attempt that failed; each attempt already waits for a leader on its own. */
const RETRY_DELAY_MS = 500;

/** Resolves when the cluster knows, or when the signal fires. */
export async function publishUntilKnown(
  member: Member,
  config: ResolvedConfig,
  signal: AbortSignal,
): Promise<void> {
  const attributes = {
    id: member.id,
    name: config.name,
    clientUrls: [...config.advertiseClientUrls],
  };
  while (!signal.aborted) {
    try {
      await member.linearize();
      if (isKnown(member, config)) return;
      await member.propose({ $case: 'memberAttributes', value: attributes });
      return;
    } catch (error) {
      if (signal.aborted) return;
      config.log('warn', 'could not publish the client URLs yet; trying again', { error });
      await wait(RETRY_DELAY_MS, undefined, { signal }).catch(() => {});
    }
  }
}

function isKnown(member: Member, { memberId, name, advertiseClientUrls }: ResolvedConfig): boolean {
  const known = member.machine.members.get(memberId);
  return known?.name === name && known.clientUrls.join() === advertiseClientUrls.join();
}
