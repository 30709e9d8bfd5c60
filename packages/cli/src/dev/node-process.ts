/** One node as a process of its own: started, watched, killed on request, stopped cleanly. */

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { DevNode } from './layout.ts';

const COMMAND = fileURLToPath(new URL('../../bin/quorate.mjs', import.meta.url));

export type ProcessState =
  | { readonly kind: 'running'; readonly pid: number }
  | { readonly kind: 'killed'; readonly signal: NodeJS.Signals }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'stopped' };

export class NodeProcess {
  readonly node: DevNode;
  readonly #arguments: readonly string[];
  readonly #onExit: (process: NodeProcess) => void;
  #child: ChildProcess | undefined;
  #state: ProcessState = { kind: 'stopped' };

  constructor(node: DevNode, args: readonly string[], onExit: (process: NodeProcess) => void) {
    this.node = node;
    this.#arguments = args;
    this.#onExit = onExit;
  }

  get state(): ProcessState {
    return this.#state;
  }

  start(): void {
    const log = openSync(this.node.logFile, 'a');
    // Detached: Ctrl-C in the terminal reaches only us, and we stop the nodes in our own way. The
    // channel tells them when we are gone without having had the time to.
    const child = spawn(process.execPath, [COMMAND, ...this.#arguments], {
      stdio: ['ignore', log, log, 'ipc'],
      detached: true,
    });
    closeSync(log);
    this.#child = child;
    this.#state = { kind: 'running', pid: child.pid ?? 0 };
    child.once('error', (error) => this.#ended({ kind: 'failed', reason: error.message }));
    child.once('exit', (code, signal) => {
      if (signal !== null) this.#ended({ kind: 'killed', signal });
      else if (code === 0) this.#ended({ kind: 'stopped' });
      else this.#ended({ kind: 'failed', reason: this.#lastWords() ?? `exit status ${code}` });
    });
  }

  kill(): void {
    this.#child?.kill('SIGKILL');
  }

  /** Asks for a clean stop and waits for it; a node that does not hear (SIGSTOP) is killed. */
  async stop(patienceMs: number): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs);
    await exited;
    clearTimeout(timer);
  }

  #ended(state: ProcessState): void {
    this.#child = undefined;
    this.#state = state;
    this.#onExit(this);
  }

  /** The line in which the node said why it ended. */
  #lastWords(): string | undefined {
    const lines = readFileSync(this.node.logFile, 'utf8').trimEnd().split('\n');
    return lines.findLast((line) => line.startsWith('quorate: '))?.replace('quorate: ', '');
  }
}
