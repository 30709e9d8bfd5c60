/** Failures as the command shows them: one line with a code and a remedy, and exit status 1. */

/** Codes of the command itself. The server's and the node's own codes pass through unchanged. */
export type CommandErrorCode =
  /** A flag, an argument or an environment variable is unknown, malformed, or contradicts another. */
  | 'QUORATE_USAGE'
  /** A flag of etcd that means something Quorate does not have yet. */
  | 'QUORATE_UNSUPPORTED'
  /** No endpoint could be reached. Nothing was sent. */
  | 'QUORATE_UNREACHABLE'
  /** The request was sent and no answer came: it may or may not have been carried out. */
  | 'QUORATE_OUTCOME_UNKNOWN'
  /** A read got no clear answer. */
  | 'QUORATE_UNAVAILABLE'
  /** The server refused the request, and nothing was changed. */
  | 'QUORATE_REFUSED'
  /** A port is taken. */
  | 'QUORATE_PORT_IN_USE'
  /** The data directory does not fit what was asked for. */
  | 'QUORATE_DATA_MISMATCH'
  /** A file cannot be read, written or understood. */
  | 'QUORATE_FILE'
  /** A package that only this command needs is not installed. */
  | 'QUORATE_PACKAGE_MISSING'
  /** Some records were not acknowledged. */
  | 'QUORATE_INCOMPLETE';

export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly code: CommandErrorCode;
  /** What the person can do now: the end of a sentence, without a full stop. */
  readonly remedy: string;

  constructor(code: CommandErrorCode, message: string, remedy: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.remedy = remedy;
  }
}

/** What every code of ours begins with, and no code of Node.js or of a library. */
const OWN_CODE = /^(QUORATE|ETCD|RAFT|KV|STORAGE|WIRE)_[A-Z_]+$/;

/** The line for a person. A failure that nobody foresaw is a bug, and shows where it came from. */
export function failureLine(error: unknown): string {
  if (error instanceof CommandError) {
    return `quorate: ${error.message} [${error.code}]; ${error.remedy}`;
  }
  if (error instanceof Error && 'code' in error && OWN_CODE.test(String(error.code))) {
    return `quorate: ${error.message} [${String(error.code)}]`;
  }
  return `quorate: unexpected failure, please report it: ${error instanceof Error ? error.stack : String(error)}`;
}

/** The same for a program. */
export function failureJson(error: unknown): string {
  const { message, code, remedy } = error as Partial<CommandError>;
  return JSON.stringify({ error: { code: code ?? 'QUORATE_UNEXPECTED', message, remedy } });
}
