/**
 * The door for gRPC clients, on @grpc/grpc-js: carries methods, and knows nothing of what they do.
 *
 * Where grpc-js words a refusal differently from Go's gRPC, which etcd runs on, the words here are
 * Go's: clients match on them.
 */

import type { Socket } from 'node:net';
import {
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerUnaryCall,
  type sendUnaryData,
} from '@grpc/grpc-js';
import type { PeerAddress } from '@quorate/node';
import { ClientPort } from '../client-port.ts';
import type { CallContext, UnaryMethod } from '../services/method.ts';
import { EtcdStatus, internalError, unknownMethod, unknownService } from '../status.ts';

/** What etcd adds to its request limit for gRPC's own framing. */
const GRPC_OVERHEAD_BYTES = 524_288;

export interface GrpcDoorOptions {
  readonly methods: readonly UnaryMethod[];
  /** Services whose other methods are refused one by one; of any other service the whole is. */
  readonly services: ReadonlySet<string>;
  readonly listen: readonly PeerAddress[];
  readonly maxRequestBytes: number;
  /** Takes the connections that do not speak HTTP/2. */
  readonly http1: (socket: Socket) => void;
}

export class GrpcDoor {
  readonly #server: Server;
  readonly #ports: ClientPort[] = [];

  private constructor(server: Server) {
    this.#server = server;
  }

  /** @throws {EtcdServerError} `ETCD_PORT_IN_USE`, `ETCD_LISTEN_FAILED`; then nothing listens. */
  static async open(options: GrpcDoorOptions): Promise<GrpcDoor> {
    const { methods, services, listen, maxRequestBytes, http1 } = options;
    const server = new Server({
      'grpc.max_receive_message_length': maxRequestBytes + GRPC_OVERHEAD_BYTES,
      'grpc.max_send_message_length': -1,
      // No introspection service: its bookkeeping costs several microseconds a call.
      'grpc.enable_channelz': 0,
      interceptors: [(_method, call) => inGoWords(call)],
    });
    for (const method of methods) {
      server.register(method.path, handlerOf(method), asBuffer, asReceived, 'unary');
    }
    refuseUnknownMethods(server, services);
    const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
    const protocols = { http1, http2: (socket: Socket) => injector.injectConnection(socket) };
    const door = new GrpcDoor(server);
    try {
      for (const address of listen) door.#ports.push(await ClientPort.open(address, protocols));
    } catch (error) {
      door.cut();
      throw error;
    }
    return door;
  }

  /** Where it listens, with the ports that were taken where 0 was asked for. */
  get urls(): readonly string[] {
    return this.#ports.map(({ url }) => url);
  }

  /**
   * Takes no new connections and no new requests, tells the clients, and resolves when the last
   * answer is on its way.
   */
  finish(): Promise<void> {
    for (const port of this.#ports) port.close();
    return new Promise((resolve) => this.#server.tryShutdown(() => resolve()));
  }

  /** Cuts what is still open. */
  cut(): void {
    for (const port of this.#ports) port.close();
    this.#server.forceShutdown();
  }
}

type Call = ServerUnaryCall<Uint8Array, Uint8Array>;
type Answer = sendUnaryData<Uint8Array>;

function handlerOf(method: UnaryMethod): (call: Call, answer: Answer) => void {
  return (call, answer) => {
    method.serve(call.request, new GrpcCallContext(call)).then(
      (response) => answer(null, response),
      (error: unknown) => {
        const { code, message } = error instanceof EtcdStatus ? error : internalError(error);
        answer({ code, details: message });
      },
    );
  };
}

class GrpcCallContext implements CallContext {
  readonly #call: Call;

  constructor(call: Call) {
    this.#call = call;
  }

  metadata(name: string): string | undefined {
    return this.#call.metadata.get(name)[0]?.toString();
  }
}

/** A view, not a copy: grpc-js wants a Buffer. */
const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const asReceived = (bytes: Buffer): Uint8Array => bytes;

const TOO_LARGE = /^Received message larger than max \((\d+) vs (\d+)\)$/;

/** Refusals of grpc-js itself pass through the call it hands us, and only there. */
function inGoWords(call: ServerInterceptingCallInterface): ServerInterceptingCall {
  const sendStatus = call.sendStatus.bind(call);
  call.sendStatus = (status) => {
    const sizes = TOO_LARGE.exec(status.details ?? '');
    if (sizes === null) return sendStatus(status);
    const details = `grpc: received message larger than max (${sizes[1]} vs. ${sizes[2]})`;
    return sendStatus({ ...status, details });
  };
  // The declared type asks for grpc-js's wrapper class, which adds cost and nothing else.
  return call as ServerInterceptingCall;
}

/**
 * grpc-js refuses an unknown path in its own words before any handler or interceptor runs, and
 * offers no hook for it, so its lookup of handlers is completed here. A test calls an unknown method.
 */
function refuseUnknownMethods(server: Server, services: ReadonlySet<string>): void {
  const internals = server as unknown as { _retrieveHandler(path: string): object | null };
  const retrieve = internals._retrieveHandler.bind(server);
  internals._retrieveHandler = (path) => retrieve(path) ?? refusal(path, services);
}

/** As for a stream in both directions, which is refused before the client has said anything. */
function refusal(path: string, services: ReadonlySet<string>): object {
  const slash = path.lastIndexOf('/');
  const [service, method] = [path.slice(1, slash), path.slice(slash + 1)];
  const { code, message } = services.has(service)
    ? unknownMethod(service, method)
    : unknownService(service);
  const func = (call: ServerDuplexStream<Uint8Array, Uint8Array>) =>
    call.emit('error', { code, details: message });
  return { type: 'bidi', path, func, serialize: asBuffer, deserialize: asReceived };
}
