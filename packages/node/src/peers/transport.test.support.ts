import type { Transport } from './transport.ts';

/** The same transport, but for what `changed` does otherwise. */
export const changedTransport = (transport: Transport, changed: Partial<Transport>): Transport => ({
  open: (receiver) => transport.open(receiver),
  setPeers: (peers) => transport.setPeers(peers),
  send: (message, group) => transport.send(message, group),
  say: (to, word) => transport.say(to, word),
  flush: () => transport.flush(),
  sendSnapshot: (...snapshot) => transport.sendSnapshot(...snapshot),
  connectedPeers: () => transport.connectedPeers(),
  close: () => transport.close(),
  ...changed,
});
