import { createServer } from 'node:net';

/** Outside the range from which the kernel takes ports for outgoing connections (32768 up). */
const LOWEST = 10_000;
const HIGHEST = 32_000;

/** A port of 127.0.0.1 that nobody listens on now, and that no connection will take by chance. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    if (await isFree(port)) return port;
  }
}

/** Consecutive free ports would not do for `quorate dev`: this is a first port that suits it. */
export async function freeDevPort(nodes: number): Promise<number> {
  for (;;) {
    const first = 1100 + 2 * Math.floor(Math.random() * 800);
    const clients = Array.from(
      { length: nodes },
      (_, i) => first + (i === 0 ? 0 : (i + 1) * 10_000),
    );
    const free = await Promise.all(clients.flatMap((port) => [isFree(port), isFree(port + 1)]));
    if (free.every(Boolean)) return first;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
