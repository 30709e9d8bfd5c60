/** etcdserverpb.KV: the data. Reads here, writes through the log; any member serves both. */

import type * as kv from '@quorate/kv';
import { checkRequest, isReadOnly } from '@quorate/kv';
import {
  type CompactionRequest,
  type CompactionResponse,
  type DeleteRangeRequest,
  type DeleteRangeResponse,
  KVDefinition,
  type PutRequest,
  type PutResponse,
  type RangeRequest,
  type RangeResponse,
  type TxnRequest,
  type TxnResponse,
} from '../generated/rpc.ts';
import type { CommandRequest, CommandResult } from '../machine/command.ts';
import {
  deleteRangeFromWire,
  putFromWire,
  rangeFromWire,
  txnFromWire,
} from '../machine/from-wire.ts';
import { deleteRangeToWire, putToWire, rangeToWire, txnToWire } from '../machine/to-wire.ts';
import type { Member } from '../member.ts';
import { kvStatus } from '../status.ts';
import { type UnaryMethod, unary } from './method.ts';

export function kvService(member: Member): readonly UnaryMethod[] {
  const kv = new KvService(member);
  const { range, put, deleteRange, txn, compact } = KVDefinition.methods;
  return [
    unary(KVDefinition, range, (request) => kv.range(request)),
    unary(KVDefinition, put, (request) => kv.put(request)),
    unary(KVDefinition, deleteRange, (request) => kv.deleteRange(request)),
    unary(KVDefinition, txn, (request) => kv.txn(request)),
    unary(KVDefinition, compact, (request) => kv.compact(request)),
  ];
}

class KvService {
  readonly #member: Member;

  constructor(member: Member) {
    this.#member = member;
  }

  async range(wire: RangeRequest): Promise<RangeResponse> {
    const request = rangeFromWire(wire);
    refuseInvalid(request);
    if (!wire.serializable) await this.#member.linearize();
    const response = succeeded(this.#member.machine.store.range(request));
    return rangeToWire(response, this.#member.header(response.revision));
  }

  async put(wire: PutRequest): Promise<PutResponse> {
    refuseInvalid(putFromWire(wire));
    const response = await this.#write({ $case: 'put', value: wire }, 'put');
    return putToWire(response, this.#member.header(response.revision));
  }

  async deleteRange(wire: DeleteRangeRequest): Promise<DeleteRangeResponse> {
    refuseInvalid(deleteRangeFromWire(wire));
    const response = await this.#write({ $case: 'deleteRange', value: wire }, 'deleteRange');
    return deleteRangeToWire(response, this.#member.header(response.revision));
  }

  async txn(wire: TxnRequest): Promise<TxnResponse> {
    const request = txnFromWire(wire);
    refuseInvalid(request);
    const response = isReadOnly(request)
      ? await this.#readTxn(request, isSerializable(wire))
      : await this.#write({ $case: 'txn', value: wire }, 'txn');
    return txnToWire(response, this.#member.header(response.revision));
  }

  async compact(wire: CompactionRequest): Promise<CompactionResponse> {
    const response = await this.#write({ $case: 'compaction', value: wire }, 'compaction');
    if (wire.physical) await this.#member.machine.compactor.finished();
    return { header: this.#member.header(response.revision) };
  }

  async #readTxn(request: kv.TxnRequest, serializable: boolean): Promise<kv.TxnResponse> {
    if (!serializable) await this.#member.linearize();
    return succeeded(this.#member.machine.store.readTxn(request));
  }

  async #write<Kind extends Succeeded['kind']>(
    request: CommandRequest,
    kind: Kind,
  ): Promise<Extract<Succeeded, { kind: Kind }>> {
    const response = succeeded(await this.#member.propose(request));
    if (response?.kind !== kind) throw new Error(`${kind} was answered with ${response?.kind}`);
    return response as Extract<Succeeded, { kind: Kind }>;
  }
}

type Succeeded = Exclude<CommandResult, kv.KvFailure | undefined>;

function refuseInvalid(request: Parameters<typeof checkRequest>[0]): void {
  const error = checkRequest(request);
  if (error !== undefined) throw kvStatus(error);
}

function succeeded<Response extends { readonly kind: string } | undefined>(
  response: Response | kv.KvFailure,
): Exclude<Response, kv.KvFailure> {
  if (response?.kind === 'failed') throw kvStatus((response as kv.KvFailure).error);
  return response as Exclude<Response, kv.KvFailure>;
}

/** Like etcd: a transaction reads this member's own state only if each of its reads says so. */
function isSerializable(wire: TxnRequest): boolean {
  return [...wire.success, ...wire.failure].every(({ request }) =>
    request?.$case === 'requestTxn'
      ? isSerializable(request.value)
      : request?.$case === 'requestRange' && request.value.serializable,
  );
}
