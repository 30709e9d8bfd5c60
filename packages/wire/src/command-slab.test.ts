import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { concat } from './arbitraries.test.support.ts';
import { crc32 } from './checksum.ts';
import { CommandSlab, CommandSlabBuilder, parseCommands } from './command-slab.ts';
import { FrameError } from './errors.ts';

const commandsOf = (slab: CommandSlab): number[][] => [...slab].map((bytes) => [...bytes]);

test('a slab holds the commands it was given, also the empty and the large ones', () => {
  const commands = fc.array(fc.uint8Array({ maxLength: 9_000 }), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(fc.array(commands, { minLength: 1, maxLength: 4 }), (turns) => {
      const builder = new CommandSlabBuilder();
      const slabs = turns.map((turn) => {
        for (const command of turn) builder.append(command);
        assert.equal(builder.count, turn.length);
        return builder.seal();
      });
      // Compared only now: a later slab must not have touched an earlier one.
      assert.deepEqual(
        slabs.map(commandsOf),
        turns.map((turn) => turn.map((bytes) => [...bytes])),
      );
    }),
    { numRuns: 50 },
  );
});

test('slices share the memory of their slab', () => {
  const slab = CommandSlab.of(...[1, 2, 3, 4].map((byte) => Uint8Array.of(byte)));
  assert.deepEqual(commandsOf(slab.slice(1, 3)), [[2], [3]]);
  assert.deepEqual(commandsOf(slab.slice(1, 4).slice(2, 3)), [[4]]);
  assert.equal(slab.slice(1, 3).bytes.buffer, slab.bytes.buffer);
  assert.equal(slab.slice(0, 4), slab);
  for (const [from, to] of [
    [0, 5],
    [2, 2],
    [-1, 1],
  ] as const) {
    assert.throws(() => slab.slice(from, to), RangeError);
  }
});

test('countWithin counts whole commands with their lengths', () => {
  const slab = CommandSlab.of(new Uint8Array(6), new Uint8Array(6), new Uint8Array(6));
  const counts = [9, 10, 19, 20, 29, 30, 1_000].map((bytes) => slab.countWithin(bytes));
  assert.deepEqual(counts, [0, 1, 1, 2, 2, 3, 3]);
});

test('a payload whose lengths and count disagree is refused', () => {
  const { bytes } = CommandSlab.of(Uint8Array.of(1, 2, 3), Uint8Array.of(4));
  assert.equal(parseCommands(2, bytes, undefined, 0).count, 2);
  for (const count of [0, 1, 3, 0xffff_ffff]) {
    assert.throws(() => parseCommands(count, bytes, undefined, 0), FrameError);
  }
  for (let length = 0; length < bytes.length; length += 1) {
    assert.throws(() => parseCommands(2, bytes.subarray(0, length), undefined, 0), FrameError);
  }
  assert.throws(
    () => parseCommands(2, concat([bytes, Uint8Array.of(0)]), undefined, 0),
    FrameError,
  );
});

test('the checksum is CRC-32', () => {
  const digits = new TextEncoder().encode('123456789');
  assert.equal(crc32(digits, 0), 0xcbf43926);
  assert.equal(crc32(digits.subarray(4), crc32(digits.subarray(0, 4), 0)), 0xcbf43926);
});
