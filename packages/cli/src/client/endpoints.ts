import { CommandError } from '../failure.ts';

/** etcdctl's default. */
export const DEFAULT_ENDPOINTS = '127.0.0.1:2379';

/**
 * Endpoints as etcdctl writes them, `host:port` or `http://host:port` with commas between, as
 * `host:port`.
 *
 * @throws {CommandError} `QUORATE_USAGE` or `QUORATE_UNSUPPORTED`
 */
export function parseEndpoints(text: string): readonly string[] {
  return text.split(',').map((part) => {
    const endpoint = part.trim();
    if (endpoint.startsWith('https://')) {
      throw new CommandError(
        'QUORATE_UNSUPPORTED',
        `endpoint ${endpoint} asks for TLS, which Quorate does not have yet`,
        'use http://',
      );
    }
    const address = endpoint.replace(/^http:\/\//, '').replace(/\/$/, '');
    const port = /^[^/\s]+:(\d{1,5})$/.exec(address)?.[1];
    if (port === undefined || Number(port) > 65_535) {
      throw new CommandError(
        'QUORATE_USAGE',
        `'${endpoint}' is not an endpoint`,
        'write host:port, several with commas between: 127.0.0.1:2379,127.0.0.1:22379',
      );
    }
    return address;
  });
}
