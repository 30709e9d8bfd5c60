/**
 * One-shot requests to a cluster, from the first endpoint that can be reached.
 *
 * An endpoint is left for the next only while nothing was sent: a put that was sent and not
 * answered may have been carried out, and whether to repeat it is for the caller to say.
 */

import { Client, connectivityState, credentials, type ServiceError, status } from '@grpc/grpc-js';
import type * as rpc from '@quorate/etcd/rpc';
import { CommandError } from '../failure.ts';

/** A method with one request and one answer. */
export interface UnaryMethod<Request, Response> {
  /** `/package.Service/Method` */
  readonly path: string;
  readonly requestType: rpc.MessageFns<Request>;
  readonly responseType: rpc.MessageFns<Response>;
}

export interface ClientOptions {
  /** Longest wait for a connection to one endpoint. @default 2000 (etcdctl's) */
  readonly dialTimeoutMs?: number;
  /** Longest wait for an answer. @default 5000 (etcdctl's) */
  readonly commandTimeoutMs?: number;
}

const DEFAULT_DIAL_TIMEOUT_MS = 2000;
const DEFAULT_COMMAND_TIMEOUT_MS = 5000;

const CHANNEL_OPTIONS = {
  // Answers may be as large as the data: etcdctl sets no limit either.
  'grpc.max_receive_message_length': -1,
  // A server that comes back should be noticed soon; the default waits up to two minutes.
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 500,
};

interface Endpoint {
  readonly address: string;
  readonly client: Client;
}

/**
 * Every call throws a {@link CommandError}: `QUORATE_UNREACHABLE` when nothing was sent,
 * `QUORATE_REFUSED` with the server's words, `QUORATE_OUTCOME_UNKNOWN` (writes) or
 * `QUORATE_UNAVAILABLE` (reads) when there was no clear answer.
 */
export class EtcdClient {
  readonly #endpoints: readonly Endpoint[];
  readonly #dialTimeoutMs: number;
  readonly #commandTimeoutMs: number;

  constructor(endpoints: readonly string[], options: ClientOptions = {}) {
    this.#endpoints = endpoints.map((address) => ({
      address,
      client: new Client(address, credentials.createInsecure(), CHANNEL_OPTIONS),
    }));
    this.#dialTimeoutMs = options.dialTimeoutMs ?? DEFAULT_DIAL_TIMEOUT_MS;
    this.#commandTimeoutMs = options.commandTimeoutMs ?? DEFAULT_COMMAND_TIMEOUT_MS;
  }

  /** Sends a request that changes something: once, to the first endpoint that can be reached. */
  async write<Request, Response>(
    method: UnaryMethod<Request, Response>,
    request: Request,
  ): Promise<Response> {
    for (const endpoint of this.#endpoints) {
      if (await this.#isReady(endpoint)) return await this.#send(endpoint, method, request);
    }
    throw this.#unreachable();
  }

  /** Sends a request that changes nothing, to one endpoint after the other until one answers. */
  async read<Request, Response>(
    method: UnaryMethod<Request, Response>,
    request: Request,
  ): Promise<Response> {
    let failure: CommandError = this.#unreachable();
    for (const endpoint of this.#endpoints) {
      if (!(await this.#isReady(endpoint))) continue;
      try {
        return await this.#send(endpoint, method, request);
      } catch (error) {
        if (!(error instanceof CommandError) || error.code === 'QUORATE_REFUSED') throw error;
        failure = new CommandError('QUORATE_UNAVAILABLE', error.message, SHOW_STATUS);
      }
    }
    throw failure;
  }

  #send<Request, Response>(
    endpoint: Endpoint,
    { path, requestType, responseType }: UnaryMethod<Request, Response>,
    request: Request,
  ): Promise<Response> {
    return new Promise((resolve, reject) => {
      endpoint.client.makeUnaryRequest(
        path,
        (message: Request) => Buffer.from(requestType.encode(message).finish()),
        (bytes: Buffer) => responseType.decode(bytes),
        request,
        { deadline: Date.now() + this.#commandTimeoutMs },
        (error, response) => {
          if (error !== null) reject(commandErrorOf(error, endpoint.address));
          else resolve(response as Response);
        },
      );
    });
  }

  /** Connected within the dial timeout. A refused connection answers at once. */
  async #isReady({ client }: Endpoint): Promise<boolean> {
    const channel = client.getChannel();
    const deadline = Date.now() + this.#dialTimeoutMs;
    for (;;) {
      const state = channel.getConnectivityState(true);
      if (state === connectivityState.READY) return true;
      if (state === connectivityState.TRANSIENT_FAILURE) return false;
      const timedOut = await new Promise<boolean>((resolve) => {
        channel.watchConnectivityState(state, deadline, (error) => resolve(error !== undefined));
      });
      if (timedOut) return false;
    }
  }

  #unreachable(): CommandError {
    return new CommandError(
      'QUORATE_UNREACHABLE',
      `no server answers at ${this.#endpoints.map(({ address }) => address).join(', ')}`,
      'start some with `quorate dev`, or name others with --endpoints or ETCDCTL_ENDPOINTS',
    );
  }

  close(): void {
    for (const { client } of this.#endpoints) client.close();
  }
}

/** Codes that say nothing about whether the request was carried out. */
const OUTCOME_UNKNOWN: ReadonlySet<status> = new Set([
  status.UNAVAILABLE,
  status.DEADLINE_EXCEEDED,
  status.CANCELLED,
  status.INTERNAL,
  status.UNKNOWN,
]);

const SHOW_STATUS = '`quorate status` shows whether the cluster has a leader';

function commandErrorOf(error: ServiceError, endpoint: string): CommandError {
  const words = `${endpoint} answers: ${error.details} (${status[error.code]})`;
  return OUTCOME_UNKNOWN.has(error.code)
    ? new CommandError(
        'QUORATE_OUTCOME_UNKNOWN',
        words,
        `it may or may not have been carried out: ${SHOW_STATUS}`,
        { cause: error },
      )
    : new CommandError('QUORATE_REFUSED', words, 'nothing was changed', { cause: error });
}
