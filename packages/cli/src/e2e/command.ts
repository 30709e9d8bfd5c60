/** The command as a process: what it wrote, and how it ended. */

import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const COMMAND = fileURLToPath(new URL('../../bin/quorate.mjs', import.meta.url));

export interface Ended {
  readonly status: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly directory?: string;
  readonly input?: string;
  /** May not write a byte to any file, as on a full disk: it is killed if it tries. */
  readonly diskIsFull?: boolean;
}

/** A running command. Waits are for what it writes, never for time. */
export class RunningCommand {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  #stdout = '';
  #stderr = '';
  #listeners = new Set<() => void>();

  constructor(args: readonly string[], options: RunOptions = {}) {
    const command = [process.execPath, COMMAND, ...args];
    const limited = ['sh', '-c', 'ulimit -f 0 && exec "$@"', 'sh', ...command];
    const [program, ...rest] = options.diskIsFull ? limited : command;
    this.child = spawn(program!, rest, {
      cwd: options.directory,
      env: { ...environmentWithoutEtcd(), ...options.environment },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    // A command that ends without reading its input is no failure of the test.
    this.child.stdin!.on('error', () => {}).end(options.input ?? '');
    this.child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text;
      this.#notify();
    });
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
      this.#notify();
    });
    this.ended = new Promise((resolve, reject) => {
      this.child.once('error', reject);
      this.child.once('close', (code, signal) => {
        resolve({
          status: code ?? undefined,
          signal: signal ?? undefined,
          stdout: this.#stdout,
          stderr: this.#stderr,
        });
        this.#notify();
      });
    });
  }

  get pid(): number {
    return this.child.pid!;
  }

  get output(): string {
    return this.#stdout + this.#stderr;
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Resolves with the match once the output has it. Rejects when the command ends without. */
  waitFor(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const check = (): void => {
        const match = pattern.exec(this.output);
        if (match === null && this.isRunning) return;
        this.#listeners.delete(check);
        if (match !== null) resolve(match);
        else reject(new Error(`ended without ${pattern}; it wrote:\n${this.output}`));
      };
      this.#listeners.add(check);
      check();
    });
  }

  async end(signal: NodeJS.Signals): Promise<Ended> {
    this.child.kill(signal);
    return await this.ended;
  }

  #notify(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

export function run(args: readonly string[], options?: RunOptions): Promise<Ended> {
  return new RunningCommand(args, options).ended;
}

/** Tests decide what the command finds in its environment. */
function environmentWithoutEtcd(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(ETCD|ETCDCTL)_/.test(name)),
  );
}
