/**
 * Requests drawn from a seed: mostly sensible ones that meet each other on few keys, and some that
 * make no sense at all. The same seed gives the same requests.
 */

import type * as rpc from '../generated/rpc.ts';
import type { Known } from './compare.ts';
import { diceOf } from './dice.ts';
import {
  bytes,
  compact,
  deleteOp,
  deleteRange,
  getOp,
  hashKv,
  ifCreate,
  ifLease,
  ifMod,
  ifValue,
  ifVersion,
  put,
  putOp,
  range,
  type Step,
  txn,
  txnOp,
} from './requests.ts';

/**
 * At most twelve: up to there Go's sort keeps equal elements in order, as ours does. Beyond, the
 * order of equal elements is nobody's promise.
 */
const KEYS = ['a', 'aa', 'ab', 'b', 'ba', 'c', '\0', '\xff', 'z\0'].map(bytes);
const ENDS = ['', '\0', 'a', 'ab', 'b', 'c', 'd', '\xff\xff'].map(bytes);
const VALUES = ['', '1', '2', '22', '\xff', 'longer value'].map(bytes);

export class RandomRequests {
  readonly #dice: () => number;

  constructor(seed: number) {
    this.#dice = diceOf(seed);
  }

  next(known: Known): Step {
    const roll = this.#dice();
    if (roll < 0.3) return put(this.#put());
    if (roll < 0.42) return deleteRange(this.#delete());
    if (roll < 0.67) return range(this.#range(known));
    if (roll < 0.93) return txn(this.#txn(known, 0));
    // Physical, because etcd's hash changes while it removes what was compacted.
    if (roll < 0.96) return compact({ revision: this.#revision(known), physical: true });
    return hashKv({ revision: this.#chance(0.5) ? 0n : this.#revision(known) });
  }

  #put(): Partial<rpc.PutRequest> {
    return {
      key: this.#key(),
      value: this.#pick(VALUES),
      prevKv: this.#chance(0.4),
      ignoreValue: this.#chance(0.08),
      ignoreLease: this.#chance(0.08),
      lease: this.#chance(0.03) ? 7n : 0n,
    };
  }

  #delete(): Partial<rpc.DeleteRangeRequest> {
    return { key: this.#key(), rangeEnd: this.#end(), prevKv: this.#chance(0.5) };
  }

  /**
   * Not "from key on": etcd does not see that such a delete meets a put in the same transaction,
   * and 3.4.23 then ends with a panic if the put keeps the lease or the value of the deleted key.
   */
  #deleteInTxn(): Partial<rpc.DeleteRangeRequest> {
    const request = this.#delete();
    const isFromKeyOn = request.rangeEnd?.length === 1 && request.rangeEnd[0] === 0;
    return isFromKeyOn ? { ...request, rangeEnd: bytes('') } : request;
  }

  #range(known: Known): Partial<rpc.RangeRequest> {
    const bound = () => (this.#chance(0.1) ? this.#revision(known) : 0n);
    return {
      key: this.#key(),
      rangeEnd: this.#end(),
      limit: this.#chance(0.4) ? BigInt(this.#below(5) - 1) : 0n,
      revision: this.#chance(0.3) ? this.#revision(known) : 0n,
      sortOrder: this.#below(3) as rpc.RangeRequest_SortOrder,
      sortTarget: this.#below(5) as rpc.RangeRequest_SortTarget,
      serializable: this.#chance(0.3),
      keysOnly: this.#chance(0.2),
      countOnly: this.#chance(0.15),
      minModRevision: bound(),
      maxModRevision: bound(),
      minCreateRevision: bound(),
      maxCreateRevision: bound(),
    };
  }

  #txn(known: Known, depth: number): Partial<rpc.TxnRequest> {
    return {
      compare: this.#some(2, () => this.#compare(known)),
      success: this.#some(4, () => this.#op(known, depth)),
      failure: this.#some(3, () => this.#op(known, depth)),
    };
  }

  #op(known: Known, depth: number): rpc.RequestOp {
    const roll = this.#dice();
    if (roll < 0.35) return putOp(this.#put());
    if (roll < 0.55) return deleteOp(this.#deleteInTxn());
    if (roll < 0.85) return getOp(this.#range(known));
    return depth < 3 ? txnOp(this.#txn(known, depth + 1)) : putOp(this.#put());
  }

  #compare(known: Known): rpc.Compare {
    const fields = {
      key: this.#key(),
      rangeEnd: this.#chance(0.3) ? this.#end() : bytes(''),
      result: this.#below(4) as rpc.Compare_CompareResult,
    };
    switch (this.#below(5)) {
      case 0:
        return ifVersion(this.#below(4), fields);
      case 1:
        return ifCreate(Number(this.#revision(known)), fields);
      case 2:
        return ifMod(Number(this.#revision(known)), fields);
      case 3:
        return ifValue(this.#pick(VALUES), fields);
      default:
        return ifLease(BigInt(this.#below(2)), fields);
    }
  }

  /** Mostly of the last few changes, sometimes old, negative or of the future. */
  #revision({ revision }: Known): bigint {
    const age = this.#chance(0.85) ? this.#below(6) : this.#below(revision + 20) - 10;
    return BigInt(revision - age);
  }

  #key(): Uint8Array {
    return this.#chance(0.02) ? bytes('') : this.#pick(KEYS);
  }

  #end(): Uint8Array {
    return this.#chance(0.5) ? bytes('') : this.#pick(ENDS);
  }

  #some<T>(most: number, draw: () => T): T[] {
    return Array.from({ length: this.#below(most + 1) }, draw);
  }

  #pick<T>(from: readonly T[]): T {
    return from[this.#below(from.length)] as T;
  }

  #below(end: number): number {
    return Math.floor(this.#dice() * end);
  }

  #chance(probability: number): boolean {
    return this.#dice() < probability;
  }
}
