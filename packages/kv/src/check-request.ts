import type { KvError } from './errors.ts';
import type { DeleteRangeRequest, PutRequest, RangeRequest, TxnRequest } from './requests.ts';

/** What is wrong with a request whatever the state; undefined if nothing. Ask before proposing. */
export declare function checkRequest(
  request: RangeRequest | PutRequest | DeleteRangeRequest | TxnRequest,
): KvError | undefined;
