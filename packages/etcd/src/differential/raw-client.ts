/** A gRPC client that sends bytes and keeps the bytes that come back. */

import { Client, credentials, type Metadata } from '@grpc/grpc-js';

export interface RawAnswer {
  /** gRPC's status; 0 for success. */
  readonly code: number;
  readonly details: string;
  readonly bytes: Uint8Array;
}

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes);
const asIs = (bytes: Buffer): Uint8Array => bytes;
const NOTHING = new Uint8Array(0);

export class RawClient {
  readonly #client: Client;

  /** @param endpoint `127.0.0.1:2379` */
  constructor(endpoint: string) {
    this.#client = new Client(endpoint, credentials.createInsecure(), {
      'grpc.max_receive_message_length': -1,
      'grpc.max_send_message_length': -1,
      'grpc.enable_retries': 0,
      // Each client its own connection: a stopped server must not be remembered by the next test.
      'grpc.use_local_subchannel_pool': 1,
    });
  }

  call(path: string, request: Uint8Array, metadata?: Metadata): Promise<RawAnswer> {
    return new Promise((resolve) => {
      const settle = (error: { code: number; details: string } | null, bytes?: Uint8Array) =>
        resolve({
          code: error?.code ?? 0,
          details: error?.details ?? '',
          bytes: bytes ?? NOTHING,
        });
      if (metadata === undefined) {
        this.#client.makeUnaryRequest(path, asBuffer, asIs, request, settle);
      } else {
        this.#client.makeUnaryRequest(path, asBuffer, asIs, request, metadata, settle);
      }
    });
  }

  close(): void {
    this.#client.close();
  }
}
