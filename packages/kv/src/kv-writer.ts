/** The apply side: committed requests, one after the other, inside one write transaction. */

import { Changes } from './changes.ts';
import type { KvError, KvFailure } from './errors.ts';
import { type LeaseId, NO_LEASE } from './key-value.ts';
import type { Meta } from './keyspace.ts';
import type { OrderedReader, OrderedWriter } from './ordered-store.ts';
import { checkRevision, executeRange } from './range.ts';
import { currentVersion } from './read.ts';
import type {
  CompactionRequest,
  DeleteRangeRequest,
  PutRequest,
  RangeRequest,
  TxnRequest,
  WriteRequest,
} from './requests.ts';
import { NO_BYTES } from './requests.ts';
import type {
  DeleteRangeResponse,
  PutResponse,
  RangeResponse,
  ResponseOp,
  TxnResponse,
  WriteResponse,
} from './responses.ts';
import { checkPlan, planTxn, type TxnPlan, type TxnStep } from './txn.ts';

export interface KvStoreOptions {
  /** Does this lease exist? Asked for each put with a lease; must be deterministic. */
  readonly leaseExists: (lease: LeaseId) => boolean;
}

/** Valid during one `applyBatch`. */
export class KvWriter {
  readonly #writer: OrderedWriter;
  readonly #options: KvStoreOptions;
  #meta: Meta;

  constructor(writer: OrderedWriter, meta: Meta, options: KvStoreOptions) {
    this.#writer = writer;
    this.#meta = meta;
    this.#options = options;
  }

  /** What the batch has made of it so far. */
  get meta(): Meta {
    return this.#meta;
  }

  /** A request that fails changes nothing. Requests are expected to have passed `checkRequest`. */
  apply(request: WriteRequest): WriteResponse {
    if (request.kind === 'compaction') return this.#compact(request);
    if (request.kind === 'txn') return this.#txn(request);

    const error = request.kind === 'put' ? this.#checkPut(request) : undefined;
    if (error !== undefined) return this.#failure(error);
    const changes = new Changes(this.#writer, this.#meta.revision);
    const response =
      request.kind === 'put' ? this.#put(request, changes) : deleteRange(request, changes);
    return this.#end(changes, response);
  }

  /** Sees what this batch has written. */
  range(request: RangeRequest): RangeResponse | KvFailure {
    return readRange(this.#writer, this.#meta, request);
  }

  #txn(request: TxnRequest): TxnResponse | KvFailure {
    const plan = planTxn(this.#writer, request);
    const error = checkPlan(plan, {
      put: (put) => this.#checkPut(put),
      range: (range) => checkRangeInTxn(range, this.#meta),
    });
    if (error !== undefined) return this.#failure(error);
    const changes = new Changes(this.#writer, this.#meta.revision);
    const response = this.#execute(plan, changes);
    return this.#end(changes, { ...response, revision: changes.revision });
  }

  #execute(plan: TxnPlan, changes: Changes): TxnResponse {
    const responses = plan.steps.map((step) => this.#executeStep(step, changes));
    return { kind: 'txn', revision: 0, succeeded: plan.succeeded, responses };
  }

  #executeStep(step: TxnStep, changes: Changes): ResponseOp {
    switch (step.kind) {
      case 'plan':
        return this.#execute(step, changes);
      case 'put':
        return this.#put(step, changes);
      case 'deleteRange':
        return deleteRange(step, changes);
      case 'range': {
        const state = { ...this.#meta, revision: changes.revision };
        return executeRange(this.#writer, state, step);
      }
    }
  }

  #checkPut(put: PutRequest): KvError | undefined {
    if (put.lease !== NO_LEASE && !this.#options.leaseExists(put.lease)) return 'leaseNotFound';
    if (!put.ignoreValue && !put.ignoreLease) return undefined;
    return currentVersion(this.#writer, put.key) === undefined ? 'keyNotFound' : undefined;
  }

  /** The put has been checked. */
  #put(put: PutRequest, changes: Changes): PutResponse {
    const needsCurrent = put.prevKv || put.ignoreValue || put.ignoreLease;
    const current = needsCurrent ? currentVersion(this.#writer, put.key) : undefined;
    // The key is missing after its check only if this very transaction deleted it (see the gaps in
    // check-request.ts): then there is no value or lease to keep.
    const value = put.ignoreValue ? (current?.value ?? NO_BYTES) : put.value;
    const lease = put.ignoreLease ? (current?.lease ?? NO_LEASE) : put.lease;
    changes.put(put.key, value, lease);
    const prevKv = put.prevKv ? current : undefined;
    return { kind: 'put', revision: changes.revision, prevKv };
  }

  /** Reads are refused at once; what is condemned is removed later, and nobody can tell when. */
  #compact({ revision }: CompactionRequest): WriteResponse {
    if (revision <= this.#meta.compactRevision) return this.#failure('compacted');
    if (revision > this.#meta.revision) return this.#failure('futureRevision');
    this.#meta = { ...this.#meta, compactRevision: revision };
    return { kind: 'compaction', revision: this.#meta.revision };
  }

  #end<Response>(changes: Changes, response: Response): Response {
    this.#meta = { ...this.#meta, revision: changes.revision };
    return response;
  }

  #failure(error: KvError): KvFailure {
    return { kind: 'failed', error, revision: this.#meta.revision };
  }
}

function deleteRange(request: DeleteRangeRequest, changes: Changes): DeleteRangeResponse {
  const deleted = changes.deleteRange(request);
  return {
    kind: 'deleteRange',
    revision: changes.revision,
    deleted: deleted.length,
    prevKvs: request.prevKv ? deleted : [],
  };
}

/** A range outside of a transaction. */
export function readRange(
  reader: OrderedReader,
  meta: Meta,
  request: RangeRequest,
): RangeResponse | KvFailure {
  const error = request.revision > 0 ? checkRevision(request.revision, meta) : undefined;
  if (error !== undefined) return { kind: 'failed', error, revision: meta.revision };
  return executeRange(reader, meta, request);
}

/** As in etcd, a negative revision is the current one in a range, but too old in a transaction. */
export const checkRangeInTxn = (request: RangeRequest, meta: Meta): KvError | undefined =>
  request.revision === 0 ? undefined : checkRevision(request.revision, meta);
