import type { NodeId } from '@quorate/core';
import type { RaftNodeOptions } from '../api.ts';
import type { ResolvedOptions } from '../options.ts';
import { now } from '../runtime.ts';
import { nodeFileSystem } from '../storage/file-system.ts';
import { KnownPeers } from '../storage/known-peers.ts';
import { TcpTransport, type TcpTransportOptions } from './tcp-transport.ts';
import type { Transport } from './transport.ts';

/** What a frame may need besides the largest append or command. */
const FRAME_OVERHEAD_BYTES = 1_048_576;

/** The caller's own, or one over TCP. `directory` has an identity in it by now. */
export async function transportOf(
  options: Pick<
    RaftNodeOptions<unknown>,
    'id' | 'peers' | 'clusterId' | 'directory' | 'transport' | 'log'
  >,
  { raft, listen, maxCommandBytes }: ResolvedOptions<unknown>,
): Promise<Transport> {
  const { clusterId, directory, log = () => {} } = options;
  if (options.transport !== undefined) return options.transport;
  const known =
    directory === undefined
      ? KnownPeers.inMemory()
      : await KnownPeers.open(nodeFileSystem, directory);
  return new TcpTransport({
    self: { clusterId, id: options.id as NodeId, known },
    listen,
    electionTimeoutMs: raft.electionTimeoutMs,
    ...connectionLimits({ raft, maxCommandBytes }),
    now,
    log,
  });
}

/** What a connection holds at most: docs/memory.md. */
export function connectionLimits({
  raft: { maxAppendBytes, maxInflightBytes },
  maxCommandBytes,
}: {
  readonly raft: Pick<ResolvedOptions<unknown>['raft'], 'maxAppendBytes' | 'maxInflightBytes'>;
  readonly maxCommandBytes: number;
}): Pick<TcpTransportOptions, 'maxFrameBytes' | 'maxQueuedBytes'> {
  // One append holds at least one batch, however large, and a batch holds at least one command.
  const maxFrameBytes = maxAppendBytes + maxCommandBytes + FRAME_OVERHEAD_BYTES;
  return { maxFrameBytes, maxQueuedBytes: 2 * maxInflightBytes + maxFrameBytes };
}
