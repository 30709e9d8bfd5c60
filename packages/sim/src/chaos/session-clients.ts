/**
 * Clients with sessions (dissertation §6.3): whatever they have not heard the answer of they ask for
 * again, of any server, under the same serial number. However often it was proposed, it is one
 * operation, from the first time of asking to the first answer.
 */

import { CommandSlabBuilder, encodeSessionEntry, type SessionEntry } from '@quorate/wire';
import type { SessionAsk } from '../clients.ts';
import type { Outcome } from '../scenario/action.ts';
import type { Server } from '../server.ts';
import { PropertyViolation } from '../violation.ts';
import type { Asked, History } from './history.ts';
import type { OnFate, Proposals } from './proposals.ts';
import type { RecordOfApplied } from './record-of-applied.ts';
import { inputOf } from './store.ts';
import { encodeText } from './text.ts';

/** Commands of one session that are not answered: more would be asked again and again. */
const MAX_OUTSTANDING = 8;

interface Command {
  readonly serial: number;
  readonly text: string;
  readonly operation: Asked;
  /** Proposals of it, and those of them that may still be applied. */
  proposals: number;
  open: number;
  /** Its client does not wait for it any more. */
  isForgone: boolean;
}

interface Session {
  /** Undefined until the cluster has answered. */
  id: number | undefined;
  nextSerial: number;
  /** Not answered, ascending by serial number. */
  readonly outstanding: Map<number, Command>;
  /** It has heard that it has ended. */
  isOver: boolean;
}

export class SessionClients {
  readonly #history: History;
  readonly #proposals: Proposals;
  readonly #record: RecordOfApplied;
  readonly #note: (what: string) => void;
  /** The newest of each name. */
  readonly #sessions = new Map<string, Session>();

  constructor(
    history: History,
    proposals: Proposals,
    record: RecordOfApplied,
    note: (what: string) => void,
  ) {
    this.#history = history;
    this.#proposals = proposals;
    this.#record = record;
    this.#note = note;
  }

  /** Names of sessions that wait for an answer. */
  get waiting(): readonly string[] {
    return [...this.#sessions]
      .filter(([, { isOver, outstanding }]) => !isOver && outstanding.size > 0)
      .map(([name]) => name);
  }

  /** Not as far as its client knows ended. */
  isOpen(name: string): boolean {
    const session = this.#sessions.get(name);
    return session?.id !== undefined && !session.isOver;
  }

  take(server: Server, ask: SessionAsk): Outcome {
    if (ask.kind === 'tick') {
      return this.#offer(server, [{ kind: 'clock', elapsedMs: ask.milliseconds }], () => ignore);
    }
    if (ask.kind === 'open') return this.#open(server, ask);
    const session = this.#sessions.get(ask.name);
    if (session?.id === undefined) return pointless(`${ask.name} has no session`);
    const { id } = session;
    const firstOutstanding = firstOf(session);
    switch (ask.kind) {
      case 'ask':
        return this.#ask(server, session, id, ask.commands);
      case 'again':
        return this.#again(server, session, id);
      case 'forgo':
        for (const command of session.outstanding.values()) command.isForgone = true;
        session.outstanding.clear();
        return DONE;
      case 'renew':
        return this.#offer(
          server,
          [{ kind: 'renew', session: id, firstOutstanding }],
          () => ignore,
        );
      case 'close':
        return this.#offer(server, [{ kind: 'close', session: id }], () => ignore);
    }
  }

  #open(server: Server, ask: Extract<SessionAsk, { readonly kind: 'open' }>): Outcome {
    const { name, timeoutMs, maxSessions } = ask;
    return this.#offer(server, [{ kind: 'open', timeoutMs, maxSessions }], () => {
      const session: Session = {
        id: undefined,
        nextSerial: 1,
        outstanding: new Map(),
        isOver: false,
      };
      this.#sessions.set(name, session);
      return (_, fate) => {
        if (fate.kind === 'opened') session.id = fate.session;
      };
    });
  }

  #ask(server: Server, session: Session, id: number, texts: readonly string[]): Outcome {
    if (session.isOver) return pointless('the session has ended');
    if (session.outstanding.size + texts.length > MAX_OUTSTANDING) {
      return pointless('too many commands of this session are open');
    }
    const firstOutstanding = firstOf(session);
    const entries = texts.map((text, at): SessionEntry => {
      const serial = session.nextSerial + at;
      return { kind: 'command', session: id, serial, firstOutstanding, command: encodeText(text) };
    });
    return this.#offer(server, entries, () => {
      const commands = texts.map((text): Command => {
        const serial = session.nextSerial;
        session.nextSerial += 1;
        const operation = this.#history.add(server.id, inputOf(text));
        const command = { serial, text, operation, proposals: 0, open: 0, isForgone: false };
        session.outstanding.set(serial, command);
        return command;
      });
      return this.#await(session, commands);
    });
  }

  #again(server: Server, session: Session, id: number): Outcome {
    const commands = [...session.outstanding.values()];
    if (commands.length === 0) return pointless('everything was answered');
    const firstOutstanding = firstOf(session);
    const entries = commands.map(({ serial, text }): SessionEntry => {
      return { kind: 'command', session: id, serial, firstOutstanding, command: encodeText(text) };
    });
    return this.#offer(server, entries, () => this.#await(session, commands));
  }

  #await(session: Session, commands: readonly Command[]): OnFate {
    for (const command of commands) {
      command.proposals += 1;
      command.open += 1;
      if (command.operation.ending.kind === 'void') command.operation.ending = { kind: 'open' };
    }
    return (position, fate) => {
      const command = commands[position]!;
      const { operation } = command;
      command.open -= 1;
      if (fate.kind === 'applied') this.#answered(session, command, fate.output);
      if (fate.kind === 'expired') session.isOver = true;
      if (operation.ending.kind === 'answered') return;
      if (fate.kind === 'forgotten' && !command.isForgone) {
        const evidence = `"${command.text}" is forgotten, and was never answered`;
        throw new PropertyViolation('sameAnswer', evidence);
      }
      // Refused, expired, forgotten or overwritten, every time that it was proposed.
      operation.ending = { kind: command.open > 0 ? 'open' : 'void' };
    };
  }

  #answered(session: Session, { serial, text, operation, proposals }: Command, output: string) {
    const index = this.#record.indexOf(text);
    const first = index && this.#record.at(index)?.reply;
    if (first?.kind !== 'applied' || first.output !== output) {
      throw new PropertyViolation(
        'sameAnswer',
        `"${text}" is answered with "${output}"; as entry ${index} it was ${JSON.stringify(first)}`,
      );
    }
    if (operation.ending.kind === 'answered') return;
    this.#history.answer(operation, output);
    session.outstanding.delete(serial);
    this.#note(proposals > 1 ? 'session answered a retry' : 'session answered');
  }

  /** Through whoever leads: by this server's own log, or passed on. */
  #offer(server: Server, entries: readonly SessionEntry[], begin: () => OnFate): Outcome {
    const builder = new CommandSlabBuilder();
    for (const entry of entries) builder.append(encodeSessionEntry(entry));
    const slab = builder.seal(true);
    const isLeader = server.status().role === 'leader';
    return isLeader
      ? this.#proposals.propose(server, slab, begin)
      : this.#proposals.forward(server, slab, begin);
  }
}

const DONE: Outcome = { kind: 'done' };

const ignore: OnFate = () => {};

const pointless = (reason: string): Outcome => ({ kind: 'pointless', reason });

function firstOf({ outstanding, nextSerial }: Session): number {
  const [first = nextSerial] = outstanding.keys();
  return first;
}
