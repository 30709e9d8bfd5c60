import type { Configuration } from '@quorate/core';
import type { Storage } from './storage.ts';

/** Keeps everything in memory: for tests, and for state that may be lost with the process. */
export declare function memoryStorage(options: {
  readonly clusterId: number;
  readonly nodeId: number;
  readonly initialConfiguration: Configuration;
}): Storage;
