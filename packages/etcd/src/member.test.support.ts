/** A member over a consensus that a test plays itself, with its data in memory. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { LogIndex, NodeId, Term } from '@quorate/core';
import { MemoryStore } from '@quorate/kv';
import type { CommittedCommands, Leadership, NodeStatus } from '@quorate/node';
import type { CommandResult } from './machine/command.ts';
import { EtcdMachine } from './machine/etcd-machine.ts';
import { type Consensus, Member } from './member.ts';

export const OWN_ID = 11;
export const ELECTION_TIMEOUT_MS = 1000;

/** Commits at once, alone. A test overrides what it wants to see fail. */
export class FakeConsensus implements Consensus {
  readonly #machine: EtcdMachine;
  #index = 0;
  #notify: (leadership: Leadership) => void = () => {};
  leaderId: number | undefined = OWN_ID;
  connectedPeers: number[] = [12, 13];
  reads = 0;

  constructor(machine: EtcdMachine) {
    this.#machine = machine;
  }

  async propose(command: Uint8Array): Promise<CommandResult> {
    const index = ++this.#index as LogIndex;
    const batch: CommittedCommands = {
      firstIndex: index,
      lastIndex: index,
      term: 1 as Term,
      count: 1,
      [Symbol.iterator]: () => [command][Symbol.iterator](),
    };
    const [result] = await this.#machine.apply([batch]);
    return result;
  }

  async read(): Promise<void> {
    this.reads++;
  }

  status(): NodeStatus {
    const { term, leaderId, isLeader } = this.#leadership;
    const connectedPeers = this.connectedPeers as NodeId[];
    const role = isLeader ? 'leader' : 'follower';
    return { id: OWN_ID, term, leaderId, role, connectedPeers } as unknown as NodeStatus;
  }

  onLeadership(listener: (leadership: Leadership) => void): () => void {
    this.#notify = listener;
    return () => {};
  }

  elect(leaderId: number | undefined): void {
    this.leaderId = leaderId;
    this.#notify(this.#leadership);
  }

  get #leadership(): Leadership {
    const leaderId = this.leaderId as NodeId | undefined;
    return { term: 1 as Term, leaderId, isLeader: leaderId === OWN_ID };
  }
}

export async function fakeMember(context: TestContext, maxRequestBytes = 1000) {
  const directory = await mkdtemp(join(tmpdir(), 'quorate-member-'));
  const machine = new EtcdMachine(directory, () => new MemoryStore());
  await machine.open();
  context.after(async () => {
    await machine.close();
    await rm(directory, { recursive: true, force: true });
  });
  const consensus = new FakeConsensus(machine);
  const member = new Member(consensus, machine, {
    clusterId: 10,
    memberId: OWN_ID,
    electionTimeoutMs: ELECTION_TIMEOUT_MS,
    maxRequestBytes,
  });
  return { machine, consensus, member };
}
