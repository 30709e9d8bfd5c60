import type { NodeId } from '@quorate/core';
import {
  type GroupReceiver,
  type GroupTransport,
  ONLY_GROUP,
  type Transport,
} from './transport.ts';

/** A transport all to itself, for a server that is its only group. What is for others is not heard. */
export function onlyGroup(transport: Transport): GroupTransport {
  return {
    takesAddresses: true,
    open: (receiver) => transport.open(receiverOf(receiver)),
    setPeers: (peers) => transport.setPeers(peers),
    send: (message) => transport.send(message, ONLY_GROUP),
    flush: () => transport.flush(),
    sendSnapshot: (to, source, signal) => transport.sendSnapshot(ONLY_GROUP, to, source, signal),
    connectedPeers: () => transport.connectedPeers(),
    close: () => transport.close(),
  };
}

function receiverOf(only: GroupReceiver): Parameters<Transport['open']>[0] {
  return {
    received: (message, group) => {
      if (group === ONLY_GROUP) only.received(message);
    },
    heard: () => {},
    connected: () => {},
    unreachable: (peer: NodeId) => only.unreachable(peer),
    overflowing: (peer: NodeId) => only.unreachable(peer),
    removed: (by: NodeId) => only.removed(by),
    receivedSnapshot: async (group, incoming) => {
      if (group !== ONLY_GROUP) throw new Error(`there is no group ${group} here`);
      await only.receivedSnapshot(incoming);
    },
  };
}
