import type { Log } from './log-lines.ts';

const SIGNALS = { SIGINT: 2, SIGTERM: 15 } as const;

/**
 * Someone wants this process to end. The first signal asks for a clean stop; the second ends it at
 * once, which loses nothing that was acknowledged, only the time of a recovery at the next start.
 *
 * A process that was started with a channel to its parent (as `quorate dev` does) also stops when
 * the parent is gone, so that a killed parent leaves nobody behind on its ports.
 */
export class StopRequest {
  readonly requested: Promise<void>;

  constructor(log: Log) {
    this.requested = new Promise((resolve) => {
      let isStopping = false;
      const stop = (reason: string): void => {
        isStopping = true;
        log('info', 'stopping', { reason });
        resolve();
      };
      for (const [signal, number] of Object.entries(SIGNALS)) {
        process.on(signal, () => {
          if (isStopping) process.exit(128 + number);
          stop(signal);
        });
      }
      if (process.connected) process.once('disconnect', () => isStopping || stop('parent is gone'));
    });
  }
}
