import type { MembershipState, NodeId } from '@quorate/core';
import { addressOf, isOnlyVoter } from '@quorate/core';
import type { PeerAddress } from '../api.ts';
import type { Peers } from './transport.ts';

/** An address as the log carries it, and log lines. */
export const addressText = ({ host, port }: PeerAddress): string => `${host}:${port}`;

/** The inverse. A host may hold colons itself. */
export function parseAddress(text: string): PeerAddress {
  const at = text.lastIndexOf(':');
  return { host: text.slice(0, at), port: Number(text.slice(at + 1)) };
}

/**
 * Who this server's peers are. What the log says of an address counts; `atStart` fills its gaps,
 * and is all there is for a server that waits to be added.
 */
export function peersOf(
  { configuration, contacts }: MembershipState,
  self: NodeId,
  atStart: Readonly<Record<number, PeerAddress>>,
): Peers {
  const { removed } = configuration;
  if (contacts.length === 0) {
    return { addresses: addressesOf(atStart, self), removed, areStrangersWelcome: true };
  }
  const addresses = new Map<NodeId, PeerAddress | undefined>();
  for (const id of contacts) {
    if (id === self) continue;
    const known = addressOf(configuration, id);
    addresses.set(id, known === undefined ? atStart[id] : parseAddress(known));
  }
  // Nobody can have become a member without the only voter's knowing. Who calls it and is none belongs
  // to another cluster that has, by mistake, the same id.
  const areStrangersWelcome = !isOnlyVoter(configuration, self);
  return { addresses, removed, areStrangersWelcome };
}

/** Those of an option `peers`, without this server itself. */
export function addressesOf(
  peers: Readonly<Record<number, PeerAddress>>,
  self: number,
): ReadonlyMap<NodeId, PeerAddress> {
  const all = Object.entries(peers).map(([id, address]) => [Number(id), address] as const);
  return new Map(all.filter(([id]) => id !== self) as [NodeId, PeerAddress][]);
}
