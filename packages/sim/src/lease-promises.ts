/**
 * What leases rest on (dissertation §6.4.1): a server that has answered a leader elects nobody else for
 * an election timeout of its own clock, whatever it hears meanwhile, and also after a restart. Only the
 * leader's own wish to hand over is an exception.
 */

import type { Message, Milliseconds, NodeId, Term } from '@quorate/core';
import type { Server } from './server.ts';
import { PropertyViolation } from './violation.ts';

interface Contact {
  readonly leader: NodeId;
  readonly term: Term;
  /** By the server's own clock, which survives its crashes. */
  readonly at: Milliseconds;
}

export class LeasePromises {
  /** Heard, and not yet answered: nothing is promised until then. */
  readonly #heard = new Map<NodeId, Contact>();
  readonly #contacts = new Map<NodeId, Contact>();
  /** When a vote was asked for that the server may grant once it is durable, by voter and candidate. */
  readonly #requests = new Map<
    string,
    { readonly at: Milliseconds; readonly isTransfer: boolean }
  >();

  received(server: Server, message: Message): void {
    if (server.options.leaseReads !== true) return;
    const at = server.localTime;
    const { id } = server;
    const { from, term } = message;
    if (message.kind === 'appendEntries' && term >= server.status().term) {
      this.#heard.set(id, { leader: from, term, at });
    }
    if (message.kind === 'requestVote') {
      const isTransfer = message.isLeadershipTransfer;
      this.#requests.set(`${id} ${from} ${term}`, { at, isTransfer });
    }
  }

  sent(server: Server, message: Message): void {
    if (message.kind === 'appendAccepted' || message.kind === 'appendRejected') {
      const heard = this.#heard.get(server.id);
      if (heard?.term === message.term) this.#contacts.set(server.id, heard);
    }
    if (message.kind !== 'requestVoteReply' || !message.isGranted) return;
    const { leaseReads, electionTimeoutMs = 0 } = server.options;
    const contact = this.#contacts.get(server.id);
    const request = this.#requests.get(`${server.id} ${message.to} ${message.term}`);
    if (leaseReads !== true || contact === undefined || request === undefined) return;
    const isOver = request.at >= contact.at + electionTimeoutMs;
    // A vote of the leader's own term was given before, and elected nobody else.
    const isHarmless = message.term <= contact.term || contact.leader === message.to;
    if (isOver || isHarmless || request.isTransfer) return;
    throw new PropertyViolation(
      'leaseIsKept',
      `server ${server.id} answered leader ${contact.leader} of term ${contact.term} at ${contact.at} ` +
        `and votes for ${message.to}, who asked at ${request.at}`,
    );
  }
}
