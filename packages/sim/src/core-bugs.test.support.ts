/** Bugs of a line or two in the compiled core, for whoever must find them. Tests only; not exported. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Every `from` in a compiled file, which must be there, becomes `to`. */
export interface Edit {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

export interface CoreBug {
  readonly name: string;
  readonly edits: readonly Edit[];
}

/** @param directory Of the copy that is changed. @throws {Error} if the text is not there any more. */
export function applyEdit(directory: string, { file, from, to }: Edit): void {
  const path = join(directory, file);
  const text = readFileSync(path, 'utf8');
  if (!text.includes(from)) throw new Error(`${file} has no "${from}"`);
  writeFileSync(path, text.replaceAll(from, to));
}

export const EARLIER_TERMS_COUNTED: CoreBug = {
  name: 'a leader commits entries of earlier terms by counting replicas (§5.4.2)',
  edits: [
    {
      file: 'leader/commit.js',
      from: 'if (log.termAt(candidate) !== node.currentTerm)',
      to: 'if (false)',
    },
    {
      file: 'leader/commit.js',
      from: 'invariant(candidate >= role.firstIndexOfTerm',
      to: 'invariant(true',
    },
  ],
};

export const HALF_ELECTS: CoreBug = {
  name: 'half of the votes are enough (§5.2)',
  edits: [
    {
      file: 'quorum/majority.js',
      from: 'Math.floor(voters.length / 2) + 1',
      to: 'Math.floor(voters.length / 2)',
    },
  ],
};

export const VOTE_BEFORE_DURABLE: CoreBug = {
  name: 'a vote is given before it is durable (§5.2)',
  edits: [
    {
      file: 'election.js',
      from: 'node.outbox.sendAfterWrite(reply)',
      to: 'node.outbox.send(reply)',
    },
  ],
};

export const ACCEPTED_BEFORE_DURABLE: CoreBug = {
  name: 'entries are accepted before they are durable (§5.3)',
  edits: [
    {
      file: 'outbox.js',
      from: "this.sendAfterWrite({ kind: 'appendAccepted'",
      to: "this.send({ kind: 'appendAccepted'",
    },
  ],
};

export const BEHIND_ELECTED: CoreBug = {
  name: 'candidates whose logs are behind get votes (§5.4.1)',
  edits: [
    {
      file: 'vote.js',
      from: 'if (isBehind(candidacy.lastEntry, voter.lastEntry))',
      to: 'if (false)',
    },
  ],
};

export const LATE_APPEND_CUTS: CoreBug = {
  name: 'a late append removes what came after it (Figure 2, AppendEntries 3)',
  edits: [
    {
      file: 'log/log.js',
      from: 'while (index <= end && index <= this.lastIndex && this.termAt(index) === batch.term)',
      to: 'while (false)',
    },
  ],
};
