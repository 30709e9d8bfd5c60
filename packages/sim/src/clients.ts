import { CommandSlab } from '@quorate/wire';
import type { Outcome } from './scenario/action.ts';
import type { Server } from './server.ts';

/** What a client with a session does; it knows its session by a name. */
export type SessionAsk =
  /** Wants a session, which ends after so much replicated time without a sign of life. */
  | {
      readonly kind: 'open';
      readonly name: string;
      readonly timeoutMs: number;
      readonly maxSessions: number;
    }
  /** Has new commands. */
  | { readonly kind: 'ask'; readonly name: string; readonly commands: readonly string[] }
  /** Asks for everything again that has not been answered. */
  | { readonly kind: 'again' | 'renew' | 'close'; readonly name: string }
  /** Waits no longer for anything: its next entry says that those answers can be forgotten. */
  | { readonly kind: 'forgo'; readonly name: string }
  /** Not a client but the leader: it says how long it has led. */
  | { readonly kind: 'tick'; readonly milliseconds: number };

/**
 * Whoever asks something of the servers. Actions say what is asked of whom; how a command is written,
 * and who waits for the answer, is known here. The servers are awake.
 */
export interface Clients {
  /** Offers commands to this server's own log. */
  propose(server: Server, commands: readonly string[]): Outcome;
  /** Has them passed on to whoever this server takes for the leader. */
  forward(server: Server, commands: readonly string[]): Outcome;
  /** Asks for a linearizable read of `key`. */
  read(server: Server, key: string): Outcome;
  /** Asks for what this server happens to know of `key`. */
  peek(server: Server, key: string): Outcome;
  /** Of whoever this server takes for the leader. */
  inSession(server: Server, ask: SessionAsk): Outcome;
}

/** Clients that do not care for answers; a command is the text itself. */
export class CarelessClients implements Clients {
  #asked = 0;

  propose(server: Server, commands: readonly string[]): Outcome {
    const proposed = server.propose(slabOf(commands));
    return proposed.kind === 'refused' ? proposed : { kind: 'done' };
  }

  forward(server: Server, commands: readonly string[]): Outcome {
    server.forward(this.#newId(), slabOf(commands), () => {});
    return { kind: 'done' };
  }

  read(server: Server): Outcome {
    server.read(this.#newId(), () => {});
    return { kind: 'done' };
  }

  peek(): Outcome {
    return { kind: 'done' };
  }

  inSession(): Outcome {
    return { kind: 'pointless', reason: 'who does not listen needs no session' };
  }

  #newId(): number {
    this.#asked += 1;
    return this.#asked;
  }
}

const slabOf = (commands: readonly string[]): CommandSlab =>
  CommandSlab.of(...commands.map((text) => new TextEncoder().encode(text)));
