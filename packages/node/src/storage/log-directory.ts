import { join } from 'node:path';

/** Where the log's files lie in a data directory. */
export const logDirectory = (directory: string): string => join(directory, 'log');
