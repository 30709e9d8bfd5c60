import { recoveredCluster } from '@quorate/node';
import type { ResolvedConfig } from '../config.ts';
import { raftDirectory } from '../data-directory.ts';
import { inEtcdTerms } from '../errors.ts';

/**
 * The settings of a member that was recovered: its cluster's id is the one that it was given then, and
 * not what the flags amount to, and who was left out is no member any more. So it starts with the
 * flags it had.
 */
export async function inRecoveredCluster(config: ResolvedConfig): Promise<ResolvedConfig> {
  const { dataDir, members } = config;
  const found = await recoveredCluster(raftDirectory(dataDir)).catch((error: unknown) => {
    throw inEtcdTerms(error, dataDir);
  });
  if (found === undefined) return config;
  const { clusterId, leftOut } = found;
  return { ...config, clusterId, members: members.filter(({ id }) => !leftOut.includes(id)) };
}
