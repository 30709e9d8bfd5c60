/**
 * A method as a door serves it: bytes in, bytes out. Doors know nothing of messages, handlers
 * nothing of HTTP/2, so that another door (the JSON gateway, a test) can carry the same methods.
 */

import { type Encoder, encodeMessage } from '../encode.ts';
import { Code, EtcdStatus, internalError } from '../status.ts';

/** What else a request brings. */
export interface CallContext {
  /** The first value that the client sent under this name, if any. */
  metadata(name: string): string | undefined;
}

export interface UnaryMethod {
  /** `/etcdserverpb.KV/Range` */
  readonly path: string;
  /** Rejects with an {@link EtcdStatus} and nothing else. */
  serve(request: Uint8Array, call: CallContext): Promise<Uint8Array>;
}

/** Decoded message in, message out. Whatever it throws is told to the client. */
export type UnaryHandler<Request, Response> = (
  request: Request,
  call: CallContext,
) => Promise<Response> | Response;

interface Codec<Message> extends Encoder<Message> {
  decode(bytes: Uint8Array): Message;
}

interface MethodDefinition<Request, Response> {
  readonly name: string;
  readonly requestType: Codec<Request>;
  readonly responseType: Codec<Response>;
}

export function unary<Request, Response>(
  service: { readonly fullName: string },
  { name, requestType, responseType }: MethodDefinition<Request, Response>,
  handle: UnaryHandler<Request, Response>,
): UnaryMethod {
  return {
    path: `/${service.fullName}/${name}`,
    async serve(bytes, call) {
      try {
        const request = decode(requestType, bytes);
        return encodeMessage(responseType, await handle(request, call));
      } catch (error) {
        throw error instanceof EtcdStatus ? error : internalError(error);
      }
    },
  };
}

function decode<Message>(codec: Codec<Message>, bytes: Uint8Array): Message {
  try {
    return codec.decode(bytes);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const text = `grpc: error unmarshalling request: ${reason}`;
    throw new EtcdStatus(Code.INTERNAL, text, { cause });
  }
}
