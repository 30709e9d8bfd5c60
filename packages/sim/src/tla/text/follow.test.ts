/** A small specification of our own that follows traces in the way of etcd-io/raft's. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { UnsupportedError } from './errors.ts';
import { type Following, followTrace } from './follow.ts';
import { readSpecification } from './specification.ts';

/** People post letters, which are in a bag until somebody takes them. */
const POST = `
---------- MODULE Post ----------
EXTENDS Naturals, Sequences, FiniteSets, Bags, BagsExt
CONSTANTS People, Nobody
VARIABLES bag, taken
VARIABLE last
letters == <<bag, taken>>
vars == <<letters, last>>

InitBag == bag = EmptyBag
Init == /\\ InitBag
        /\\ taken = [p \\in People |-> <<>>]
        /\\ last = Nobody

Letter(p, q, text) == [from |-> p, to |-> q, text |-> text]
Put(m) == bag' = bag (+) SetToBag({m})

Post(p, q, text) ==
    /\\ p # q
    /\\ Put(Letter(p, q, text))
    /\\ last' = p
    /\\ UNCHANGED taken

Take(p) ==
    \\E m \\in DOMAIN bag :
        /\\ m.to = p
        /\\ bag' = bag (-) SetToBag({m})
        /\\ LET read == Append(taken[p], m.text)
           IN taken' = [taken EXCEPT ![p] = read]
        /\\ UNCHANGED last

Next == \\E p, q \\in People : Post(p, q, "") \\/ Take(p)
Spec == Init /\\ [][Next]_vars
THEOREM Spec => []TRUE

FewRead == \\A p \\in People : Cardinality({i \\in DOMAIN taken[p] : taken[p][i] = "bomb"}) = 0
=================================
this is no longer part of it (`;

const TRACE_POST = `
---------- MODULE TracePost ----------
EXTENDS Post, Json, IOUtils, TLC, SequencesExt
TraceLog == TLCEval(SelectSeq(ndJsonDeserialize(IOEnv.JSON), LAMBDA e : "tag" \\in DOMAIN e /\\ e.tag = "trace"))
TracePeople == FoldSeq(LAMBDA e, all : all \\cup {e.who}, {}, TraceLog)
ASSUME Len(TraceLog) > 0

VARIABLE l
VARIABLE unseen
line == TraceLog[l]
TraceInit == /\\ l = 1
             /\\ unseen = 0
             /\\ Init
IsLine(name) == l <= Len(TraceLog) /\\ line.name = name

\\* Whom it is to is not always in the trace: then there is more than one way to go on.
PostIfLogged(p, q) ==
    /\\ IsLine("post")
    /\\ line.who = p
    /\\ "to" \\in DOMAIN line => line.to = q
    /\\ Post(p, q, line.text)
    /\\ \\E m \\in DOMAIN bag' : m.from = p /\\ bag'[m] = line.copies

TakeIfLogged(p) ==
    /\\ IsLine("take")
    /\\ line.who = p
    /\\ Take(p)
    /\\ IF Len(line.text) > 0 THEN taken'[p] = line.text ELSE TRUE

TraceNext ==
    /\\ \\/ \\E p, q \\in People : PostIfLogged(p, q)
       \\/ \\E p \\in People : TakeIfLogged(p)
    /\\ l' = l + 1
    /\\ unseen' = unseen + 1
TraceSpec == TraceInit /\\ [][TraceNext]_<<l, unseen, vars>>
TraceView == <<vars, l>>
post == INSTANCE Post
postSpec == post!Init /\\ [][post!Next]_post!vars
======================================`;

const CFG = `\\* What TLC would be asked.
SPECIFICATION TraceSpec
VIEW TraceView
PROPERTIES postSpec
CHECK_DEADLOCK FALSE
CONSTANTS
  Nobody = "0"
  People <- TracePeople
INVARIANTS FewRead`;

const FILES: Readonly<Record<string, string>> = {
  'Post.tla': POST,
  'TracePost.tla': TRACE_POST,
  'TracePost.cfg': CFG,
};

const specificationOf = (files: Readonly<Record<string, string>>) =>
  readSpecification('TracePost', (name) => files[name] ?? assert.fail(name));

function follow(lines: readonly object[], files = FILES): Following {
  const texts = lines.map((line) => JSON.stringify(line));
  return followTrace(specificationOf(files), texts);
}

const post = (who: string, to: string | undefined, text: string, copies = 1) => ({
  ...{ tag: 'trace', name: 'post', who, text, copies },
  ...(to !== undefined && { to }),
});
const take = (who: string, ...text: string[]) => ({ tag: 'trace', name: 'take', who, text });

const LETTERS: readonly object[] = [
  post('ann', 'bob', 'hello'),
  post('ann', 'bob', 'hello', 2),
  { level: 'info' },
  take('bob', 'hello'),
  post('bob', 'ann', 'well'),
  take('bob', 'hello', 'hello'),
  take('ann', 'well'),
];
const changed = (at: number, ...by: object[]) => LETTERS.toSpliced(at, 1, ...by);

test('a trace that the specification allows is accepted, to its last line', () => {
  assert.deepEqual(follow(LETTERS), { kind: 'accepted', states: 7, widest: 1 });
});

describe('refused', () => {
  const none = { kind: 'no action fits' };
  for (const [name, lines, line, because] of [
    ['a letter that nobody posted', changed(4, take('bob', 'hello', 'hello')), 6, none],
    ['the third of two copies', changed(1, post('ann', 'bob', 'hello', 3)), 2, none],
    ['a letter to oneself', changed(0, post('ann', 'ann', 'hello')), 1, none],
    ['what was read is not what was posted', changed(3, take('bob', 'bye')), 4, none],
    ['an unknown event', changed(5, { tag: 'trace', name: 'burn', who: 'bob' }), 6, none],
    [
      'an invariant that does not hold',
      [post('ann', 'bob', 'bomb'), take('bob'), take('ann')],
      2,
      { kind: 'invariant', name: 'FewRead' },
    ],
    [
      'a line without what is read of it',
      changed(3, { tag: 'trace', name: 'take', who: 'bob' }),
      4,
      { kind: 'error' },
    ],
    [
      'a number where a string is due',
      changed(3, { ...take('bob'), name: 5 }),
      4,
      { kind: 'error', message: '5 cannot be compared with "post"' },
    ],
    ['nothing at all', [], 1, { kind: 'error', message: 'an ASSUME is not true of the trace' }],
  ] as const) {
    test(name, () => {
      const following = follow(lines);
      assert.ok(following.kind === 'refused', JSON.stringify(following));
      const message = 'message' in because ? {} : { message: undefined };
      assert.deepEqual(
        { line: following.line, because: { ...message, ...following.because, ...message } },
        { line, because: { ...message, ...because } },
      );
    });
  }
});

test('where a line leaves it open, every way is followed until one fails', () => {
  const open = [post('ann', undefined, 'who?'), post('bob', 'ann', '-'), post('cid', 'ann', '-')];
  const toBob = [...open, take('bob', 'who?')];
  assert.deepEqual(follow(toBob), { kind: 'accepted', states: 8, widest: 2 });
  assert.deepEqual(follow([...toBob, take('cid', 'who?')]), {
    ...{ kind: 'refused', line: 5, because: { kind: 'no action fits' } },
  });
});

test('states that the view shows as one are followed once', () => {
  const twice = TRACE_POST.replace(
    "/\\ unseen' = unseen + 1",
    "/\\ \\/ unseen' = unseen + 1\n       \\/ unseen' = unseen",
  );
  const files = { ...FILES, 'TracePost.tla': twice };
  assert.deepEqual(follow(LETTERS, files), { kind: 'accepted', states: 7, widest: 1 });
  const withoutView = { ...files, 'TracePost.cfg': CFG.replace('VIEW TraceView', '') };
  assert.deepEqual(follow(LETTERS.slice(0, 4), withoutView), {
    ...{ kind: 'accepted', states: 1 + 2 + 3 + 4, widest: 4 },
  });
});

test('a variable is given a value once, and asked for it after that', () => {
  for (const more of ['UNCHANGED <<taken, last>>', "UNCHANGED taken /\\ last' = q"]) {
    const files = { ...FILES, 'Post.tla': POST.replace('UNCHANGED taken', more) };
    assert.deepEqual(follow(LETTERS, files), {
      ...{ kind: 'refused', line: 1, because: { kind: 'no action fits' } },
    });
  }
});

test('a variable that is given no value is an error, as in TLC', () => {
  const files = { ...FILES, 'TracePost.tla': TRACE_POST.replace("/\\ unseen' = unseen + 1", '') };
  assert.deepEqual(follow(LETTERS, files), {
    kind: 'refused',
    line: 1,
    because: { kind: 'error', message: 'unseen is given no value' },
  });
});

describe('files that cannot be used are told by name, line and column', () => {
  for (const [file, from, to, message] of [
    ['Post.tla', 'p # q', 'p # ', /^Post\.tla, line 20, column 5: "\/\\" stands where an expr/],
    ['TracePost.cfg', 'Nobody = "0"', '', /^the constant Nobody has no value$/],
    ['TracePost.cfg', 'VIEW', 'SYMMETRY', /^TracePost\.cfg, line 3, column 10: "TraceView"/],
    ['TracePost.cfg', 'SPECIFICATION TraceSpec', '', /"" stands where SPECIFICATION/],
    ['TracePost.cfg', 'FewRead', 'Fewer', /^Fewer is not defined$/],
    ['TracePost.tla', 'TraceInit /\\ []', 'TraceInit /\\ <>', /TracePost\.tla, line \d+/],
    ['TracePost.tla', 'VARIABLE unseen', 'Take == 1', /TracePost\.tla defines Take again/],
  ] as const) {
    test(`${file}: ${from} becomes "${to}"`, () => {
      const files = { ...FILES, [file]: FILES[file]!.replace(from, to) };
      assert.throws(() => specificationOf(files), { name: UnsupportedError.name, message });
    });
  }
});

test('a step that is none of the specification itself is found, if that is asked', () => {
  const lines = LETTERS.map((line) => JSON.stringify(line));
  const allowed = FILES['Post.tla']!.replace('Post(p, q, "")', 'Post(p, q, "hello")');
  const following = (files: Readonly<Record<string, string>>) =>
    followTrace(specificationOf(files), lines, { checkCourses: true });
  // Its Next posts empty letters only, or only those that say hello.
  const because = { kind: 'property', name: 'postSpec' };
  assert.deepEqual(following(FILES), { kind: 'refused', line: 1, because });
  const hello = { ...FILES, 'Post.tla': allowed };
  assert.deepEqual(following(hello), { kind: 'refused', line: 5, because });
  const any = allowed.replace('"hello")', '"hello") \\/ Post(p, q, "well")');
  assert.equal(following({ ...FILES, 'Post.tla': any }).kind, 'accepted');
});

test('a variable that is asked for before it is given a value is no verdict', () => {
  const files = { ...FILES, 'Post.tla': POST.replace('last = Nobody', 'last \\in People') };
  assert.throws(() => follow(LETTERS, files), UnsupportedError);
});

test('a line that is no JSON is told by its number', () => {
  const lines = [JSON.stringify(LETTERS[0]), '{"tag'];
  assert.throws(() => followTrace(specificationOf(FILES), lines), /line 2 is no JSON/);
});

test('progress is told', () => {
  const told: string[] = [];
  const lines = LETTERS.map((line) => JSON.stringify(line));
  const onLine = (followed: number, of: number) => told.push(`${followed}/${of}`);
  followTrace(specificationOf(FILES), lines, { onLine });
  assert.deepEqual(told, ['0/6', '1/6', '2/6', '3/6', '4/6', '5/6', '6/6']);
});
