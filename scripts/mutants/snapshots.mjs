/** Snapshots in the core (§7, Figure 13; hazards 23, 25). */

const FOLLOWER = 'core/src/follower.test.ts';
const REPLICATE = 'core/src/leader/replicate.test.ts';
const TRANSFERS = 'node/src/apply/snapshot-transfers.test.ts';
const RAFT = 'core/src/raft.test.ts';

export const snapshots = [
  {
    id: 'snapshot-once-more',
    hazards: [25],
    wrong: 'a refusal from before a snapshot arrived brings it once more',
    file: 'core/src/leader/replicate.ts',
    before: 'if (message.round < mode.fromRound) return true;',
    after: 'if (message.round < 0) return true;',
    test: [
      'core/src/leader/snapshot-sent.test.ts',
      'a refusal from before the snapshot arrived does not bring it once more',
    ],
  },
  {
    id: 'snapshot-goes-back',
    hazards: [23],
    wrong: 'a snapshot of less than what is committed is installed',
    file: 'core/src/follower.ts',
    before: 'if (snapshot.index > node.commitIndex) {',
    after: 'if (snapshot.index > 0) {',
    test: [FOLLOWER, 'a late snapshot does not go behind what a newer one brought (hazard 23)'],
  },
  {
    id: 'snapshot-drops-suffix',
    hazards: [23],
    wrong: 'a snapshot replaces a log that holds it and goes on',
    file: 'core/src/follower.ts',
    before: 'if (node.log.matches({ index: snapshot.index, term: snapshot.term })) {',
    after: 'if (node.log.lastIndex === snapshot.index) {',
    test: [FOLLOWER, 'a snapshot keeps a log that holds it and goes on (Figure 13, 6)'],
  },
  {
    id: 'snapshot-keeps-conflict',
    hazards: [23],
    wrong: 'a snapshot leaves a suffix that conflicts with it',
    file: 'core/src/follower.ts',
    before: 'if (node.log.matches({ index: snapshot.index, term: snapshot.term })) {',
    after: 'if (node.log.lastIndex >= snapshot.index) {',
    test: [
      FOLLOWER,
      'a snapshot replaces a log that ends before it or conflicts with it (Figure 13, 7)',
    ],
  },
  {
    id: 'snapshot-newest-configuration',
    hazards: [23],
    wrong: 'a snapshot carries the newest configuration and not the one at its index',
    file: 'core/src/raft.ts',
    before: 'configuration: log.configurations.at(index) };',
    after: 'configuration: log.configurations.current };',
    test: [RAFT, 'a snapshot at any index carries the configuration in force there (hazard 23)'],
  },
  {
    id: 'snapshot-configuration-late',
    hazards: [23],
    wrong: 'a configuration is in force only behind its entry',
    file: 'core/src/log/configuration-history.ts',
    before: 'if (entry.index <= index) found = entry;',
    after: 'if (entry.index < index) found = entry;',
    test: [RAFT, 'a snapshot at any index carries the configuration in force there (hazard 23)'],
  },
  {
    id: 'snapshot-configuration-lost',
    hazards: [23],
    wrong: 'the configuration of an installed snapshot is not in force',
    file: 'core/src/log/log.ts',
    before: 'this.configurations.restore(snapshot);',
    after: '',
    test: [
      FOLLOWER,
      'the configuration of an installed snapshot is in force, joint or not (hazard 23)',
    ],
  },
  {
    id: 'snapshot-overtaken',
    hazards: [25],
    wrong: 'an own snapshot that was overtaken by an installed one takes its place',
    file: 'core/src/raft.ts',
    before: 'if (snapshot.index <= node.snapshot.index) return;',
    after: '',
    test: [RAFT, 'a snapshot that an installed one has overtaken changes nothing (hazard 25)'],
  },
  {
    id: 'snapshot-at-tip',
    hazards: [25],
    wrong: 'a follower that refuses the base of a log that holds nothing older is only asked again',
    file: 'core/src/leader/replicate.ts',
    before: 'if (message.hintIndex < base.index || message.prevLogIndex <= base.index) {',
    after: 'if (message.hintIndex < base.index) {',
    test: [
      REPLICATE,
      'a follower that conflicts at the base of the log is sent the snapshot (hazard 25)',
    ],
  },
  {
    id: 'snapshot-end-unheard',
    hazards: [25],
    wrong: 'the leader does not hear that a transfer has failed',
    file: 'core/src/raft.ts',
    before: 'if (isLeader(node)) onSnapshotSent(node, input.to, input.isDelivered);',
    after: 'if (isLeader(node) && input.isDelivered) onSnapshotSent(node, input.to, true);',
    test: [REPLICATE, 'a failed transfer is begun again, not before the follower has been heard'],
  },
  {
    id: 'snapshot-cut-short',
    hazards: [25],
    wrong: 'a transfer that breaks off is a snapshot',
    file: 'node/src/peers/snapshot-stream.ts',
    before: "throw new Error('the snapshot ended early');",
    after: '',
    test: [TRANSFERS, 'a transfer that is cut at every chunk goes on where it was'],
    dies: 'SyntaxError',
  },
  {
    id: 'snapshot-damaged-for-ever',
    hazards: [25],
    wrong: 'a leader that cannot read its own snapshot tries it again and again',
    file: 'node/src/apply/snapshot-sender.ts',
    before: 'damaged(transfer.snapshot);',
    after: '',
    test: [
      TRANSFERS,
      'a bit that flips on the leader’s disk is said, and another snapshot is taken',
    ],
    dies: 'hang',
  },
];
