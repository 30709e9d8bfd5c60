import type { NodeId } from '@quorate/core';
import type { RaftNodeOptions } from '../api.ts';
import type { ResolvedOptions } from '../options.ts';
import { now } from '../runtime.ts';
import { nodeFileSystem } from '../storage/file-system.ts';
import { KnownPeers } from '../storage/known-peers.ts';
import { TcpTransport } from './tcp-transport.ts';
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
  const { electionTimeoutMs, maxAppendBytes, maxInflightBytes } = raft;
  // One append holds at least one batch, however large, and a batch holds at least one command.
  const maxFrameBytes = maxAppendBytes + maxCommandBytes + FRAME_OVERHEAD_BYTES;
  return new TcpTransport({
    self: { clusterId, id: options.id as NodeId, known },
    listen,
    electionTimeoutMs,
    maxFrameBytes,
    maxQueuedBytes: 2 * maxInflightBytes + maxFrameBytes,
    now,
    log,
  });
}
