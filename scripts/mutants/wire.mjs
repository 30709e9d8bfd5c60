/** Bytes of peers, believed in nothing (hazards 7, 25, 28). */

const MESSAGES = 'wire/src/message-codec.test.ts';
const STREAM = 'wire/src/snapshot-stream.test.ts';

export const wire = [
  {
    id: 'message-unchecked',
    hazards: [28],
    wrong: 'the checksum of a message is not compared',
    file: 'wire/src/message-decoder.ts',
    before:
      'if (checksum(frame.subarray(CHECKED_FROM, checkedEnd), 0) !== u32At(frame, CHECKSUM_AT)) {',
    after: 'if (checksum(frame.subarray(CHECKED_FROM, checkedEnd), 0) < 0) {',
    test: [MESSAGES, 'every flipped bit is noticed'],
  },
  {
    id: 'payload-unchecked',
    hazards: [28],
    wrong: 'the checksum of entries on the wire is not compared',
    file: 'wire/src/batch-codec.ts',
    before: 'if (headerChecksum !== u32At(bytes, at + CHECKSUM_AT)) {',
    after: 'if (headerChecksum < 0) {',
    test: [MESSAGES, 'every flipped bit is noticed'],
  },
  {
    id: 'number-too-large',
    hazards: [7],
    wrong: 'numbers above 2^53 - 1 are taken',
    file: 'wire/src/bytes.ts',
    before: "if (high > LARGEST_HIGH_HALF) throw new FrameError('a number is above 2^53 - 1', at);",
    after:
      "if (high < 0 * LARGEST_HIGH_HALF) throw new FrameError('a number is above 2^53 - 1', at);",
    test: [
      MESSAGES,
      'hostile bytes with right checksums are refused, or are a well-formed message',
    ],
  },
  {
    id: 'entry-above-term',
    hazards: [7],
    wrong: 'a message may carry entries of a later term than its own',
    file: 'wire/src/message-decoder.ts',
    before: 'if (lastTerm > term) {',
    after: 'if (lastTerm < 0) {',
    test: [
      MESSAGES,
      'hostile bytes with right checksums are refused, or are a well-formed message',
    ],
  },
  {
    id: 'frame-unbounded',
    hazards: [],
    wrong: 'a frame may announce any length (memory is bounded everywhere)',
    file: 'wire/src/frame-assembler.ts',
    before: 'if (total > this.#maxFrameBytes) {',
    after: 'if (total > Number.MAX_VALUE + this.#maxFrameBytes) {',
    test: [STREAM, 'a long frame is refused by its announcement'],
  },
  {
    id: 'snapshot-frame-unchecked',
    hazards: [25],
    wrong: 'the checksum of a snapshot’s frame is not compared',
    file: 'wire/src/snapshot-stream.ts',
    before: 'if (running !== u32At(frame, 4)) {',
    after: 'if (running < 0) {',
    test: [STREAM, 'every flipped bit is refused, or leaves the snapshot incomplete'],
  },
];
