import { createServer } from 'node:net';
import { CommandError } from '../failure.ts';
import type { DevNode } from './layout.ts';

/** Looks before anything starts: three servers that fail one after the other explain less. */
export async function checkPortsAreFree(nodes: readonly DevNode[]): Promise<void> {
  for (const { name, clientPort, peerPort } of nodes) {
    for (const [port, use] of [[clientPort, 'clients'] as const, [peerPort, 'peers'] as const]) {
      const code = await whyNotFree(port);
      if (code === undefined) continue;
      const taken = code === 'EADDRINUSE' ? 'is taken' : `cannot be listened on (${code})`;
      throw new CommandError(
        'QUORATE_PORT_IN_USE',
        `port ${port} of 127.0.0.1, where ${name} would serve ${use}, ${taken}`,
        'stop what listens there (another `npm start`? an etcd?), or take other ports: ' +
          '`npm start -- --port 2479` in the checkout, else `quorate dev --port 2479`',
      );
    }
  }
}

function whyNotFree(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(undefined)));
  });
}
