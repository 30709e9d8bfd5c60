import type { Milliseconds, Random } from '@quorate/core';
import { below, between, chance } from './dice.ts';

/** The fate of messages. Drawn for each message anew, so messages overtake each other. */
export interface NetworkBehaviour {
  /** When the copies of a message arrive; none at all when it is lost. Infinity: when somebody says. */
  delaysOf(isRequest: boolean, random: Random): readonly Milliseconds[];
  /** When the sender learns that a message was lost. */
  lossNoticeMs(random: Random): Milliseconds;
  /** When the sender learns that the link was cut or the other server down. */
  cutNoticeMs(random: Random): Milliseconds;
}

export interface LabNetworkOptions {
  /** Requests wait 0 to 26 ms; one in ten requests is lost, and then one in ten replies. */
  readonly isReliable: boolean;
  /** Two replies in three are held back 200 ms and up to 2 s more, shorter delays being likelier. */
  readonly isReordering: boolean;
  /** A call over a cut link fails after up to 7 s, or up to 0.1 s. */
  readonly hasLongDelays: boolean;
}

/** A local call: enough for calls made at the same time to arrive in any order. */
const LOCAL_DELAY_MS = { from: 0.02, to: 0.2 } as const;

/** The network of the MIT lab's tests. */
export function labNetwork(options: LabNetworkOptions): NetworkBehaviour {
  const { isReliable, isReordering, hasLongDelays } = options;
  return {
    delaysOf(isRequest, random) {
      const local = between(random, LOCAL_DELAY_MS.from, LOCAL_DELAY_MS.to);
      if (isReliable) return [local];
      if (chance(random, 0.1)) return [];
      if (isRequest) return [local + below(random, 27)];
      if (isReordering && chance(random, 2 / 3))
        return [200 + below(random, 1 + below(random, 2000))];
      return [local];
    },
    lossNoticeMs: (random) => below(random, 27),
    cutNoticeMs: (random) => below(random, hasLongDelays ? 7000 : 100),
  };
}

export interface FaultyNetworkOptions {
  readonly minDelayMs: Milliseconds;
  readonly maxDelayMs: Milliseconds;
  readonly lossProbability: number;
  readonly duplicateProbability: number;
  /** A message that is held up takes up to twenty times as long as others. */
  readonly heldUpProbability: number;
}

const HELD_UP_FACTOR = 20;

/** A network that loses, repeats, delays and reorders whatever it is given. */
export function faultyNetwork(options: FaultyNetworkOptions): NetworkBehaviour {
  const { minDelayMs, maxDelayMs, lossProbability, duplicateProbability, heldUpProbability } =
    options;
  const delay = (random: Random): Milliseconds => {
    const usual = between(random, minDelayMs, maxDelayMs);
    return chance(random, heldUpProbability) ? usual * between(random, 1, HELD_UP_FACTOR) : usual;
  };
  return {
    delaysOf(_isRequest, random) {
      if (chance(random, lossProbability)) return [];
      return chance(random, duplicateProbability)
        ? [delay(random), delay(random)]
        : [delay(random)];
    },
    lossNoticeMs: delay,
    cutNoticeMs: delay,
  };
}

/** Only delay: what is left of a faulty network once its faults are off. */
export const calmNetwork = (minDelayMs: Milliseconds, maxDelayMs: Milliseconds): NetworkBehaviour =>
  faultyNetwork({
    minDelayMs,
    maxDelayMs,
    lossProbability: 0,
    duplicateProbability: 0,
    heldUpProbability: 0,
  });

/** Every message is held until somebody delivers or drops it by hand; nobody is told of a loss. */
export const HELD_NETWORK: NetworkBehaviour = {
  delaysOf: () => [Infinity],
  lossNoticeMs: () => Infinity,
  cutNoticeMs: () => Infinity,
};
