/** Hosts with many groups. */

const CRASH_POINTS = 'node/src/recovery/host-crash-points.test.ts';
const HOST_WATCH = 'node/src/host/host-watch.test.ts';
const CUT_ANYWHERE =
  'a host’s recovery cut at every byte of every change leaves the old host or the new one';

export const hosts = [
  {
    id: 'host-recovery-log-first',
    hazards: [30],
    wrong: 'a host’s recovery changes the log before the cluster id',
    file: 'node/src/recovery/recover-host.ts',
    before:
      'await writeIdentity(fileSystem, directory, recovered);\n  await finishRecovery(fileSystem, directory, recovered);',
    after:
      'await finishRecovery(fileSystem, directory, recovered);\n  await writeIdentity(fileSystem, directory, recovered);',
    test: [CRASH_POINTS, CUT_ANYWHERE],
  },
  {
    id: 'host-recovery-halfway',
    hazards: [30],
    wrong: 'a host’s recovery that a crash interrupted is not finished',
    file: 'node/src/recovery/first-entries.ts',
    before: 'if (lastRecord >= recovery.record) return [];',
    after: 'if (lastRecord >= recovery.record - 1) return [];',
    test: [CRASH_POINTS, CUT_ANYWHERE],
  },
  {
    id: 'host-recovery-wrong-end',
    hazards: [30],
    wrong:
      'a host’s recovery counts the records before it has finished the one that was interrupted',
    file: 'node/src/recovery/recover-host.ts',
    before: 'record: lastRecord + 1, groups, leftOut }',
    after: 'record: report.lastRecord + 1, groups, leftOut }',
    test: [
      CRASH_POINTS,
      'a recovery after an interrupted one writes its record also where that one has old records moved',
    ],
  },
  {
    id: 'host-recovery-leaves-hosts',
    hazards: [30],
    wrong: 'a host’s later recovery takes it out of groups that have got new hosts since',
    file: 'node/src/recovery/which-groups.ts',
    before: "if (chosen.has(group) || role === 'removed' || left.length === 0) continue;",
    after: "if (chosen.has(group) || role === 'removed' || left.length >= 0) continue;",
    test: [
      'node/src/recovery/recover-host.test.ts',
      'a group that was left aside is recovered beside one that has got a new host since',
    ],
  },
  {
    id: 'removed-group-reopens',
    hazards: [30],
    wrong: 'a group whose data were removed begins anew on the same host',
    file: 'node/src/storage/open-host-storage.ts',
    before: 'if (isRemoved(group)) throw groupRemoved(group);',
    after: '',
    test: [
      'node/src/host/group-removal.test.ts',
      'who removed its data does not vote for the group again: without its vote there is no leader',
    ],
  },
  {
    id: 'removed-group-replayed',
    hazards: [30],
    wrong: 'what the log still holds of a removed group counts after a restart',
    file: 'node/src/storage/shared/replay.ts',
    before: 'if (isRemoved(part.group)) continue;',
    after: '',
    test: [
      'node/src/storage/shared/removal.test.ts',
      'a removal that is cut anywhere leaves the group as it was or removed',
    ],
  },
  {
    id: 'empty-group-taken-for-damage',
    hazards: [28],
    wrong: 'a group without entries ends the start of its host, once old records are gone',
    file: 'node/src/storage/shared/group-state.ts',
    before: 'this.shape.begins();',
    after: '',
    test: [
      'node/src/storage/shared/shared-log.test.ts',
      'a group without entries is found where old records are gone, also when it is moved',
    ],
  },
  {
    id: 'held-back-for-long',
    hazards: [31],
    wrong: 'what a group wrote while it was to be moved waits until some group has a turn again',
    file: 'node/src/storage/shared/shared-log.ts',
    before: 'if (this.#isHolding) this.commit();',
    after: '',
    dies: 'hang',
    test: [
      'node/src/storage/shared/moves.test.ts',
      'what is held back for a move is written without another round',
    ],
  },
  {
    id: 'other-beginning-heard',
    hazards: [],
    wrong: 'a host hears one that began the group with other voters (§6: two majorities)',
    file: 'node/src/host/groups.ts',
    before: 'else if (member.beginning.isSameAt(message.from)) member.receiver.received(message);',
    after: 'else if (member.beginning) member.receiver.received(message);',
    test: [
      'node/src/host/groups.test.ts',
      'who began a group with other voters is told and not heard, until it says something else',
    ],
  },
  {
    id: 'beginning-forgotten',
    hazards: [],
    wrong: 'with whom a group began is not written anew with the rest (§6: two majorities)',
    file: 'node/src/storage/shared/group-state.ts',
    before: 'if (this.beginningPart !== undefined) parts.push(this.beginningPart);',
    after: '',
    test: [
      'node/src/storage/shared/shared-log.test.ts',
      'an idle group does not keep what others have written since',
    ],
  },
  {
    id: 'host-judged-unread',
    hazards: [],
    wrong: 'after a pause a host is taken for gone whose beats wait to be read',
    file: 'node/src/host/host-watch.ts',
    before: 'setImmediate(this.#beat, now())',
    after: 'this.#beat(now())',
    test: [HOST_WATCH, 'after a pause of this process everybody is read before anybody is judged'],
  },
  {
    id: 'pause-is-silence',
    hazards: [],
    wrong: 'a pause between reading and judging counts as the silence of others',
    file: 'node/src/host/host-watch.ts',
    before: 'setImmediate(this.#beat, now())',
    after: 'setImmediate(() => this.#beat(now()))',
    test: [HOST_WATCH, 'what came in a pause between reading and judging is not taken for silence'],
  },
  {
    id: 'answered-and-given-up',
    hazards: [],
    wrong: 'a connection is given up for looks before the peer’s last word',
    file: 'node/src/peers/connection.ts',
    before: 'this.#isOwedAnswer = false;\n    this.#looksInSilence = 0;',
    after: 'this.#isOwedAnswer = false;',
    test: [
      'node/src/peers/peer-link.test.ts',
      'a connection is given up after looks in vain; a machine that stood still has not looked',
    ],
  },
];
