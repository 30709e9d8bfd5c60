/** What lies where in a member's data directory. */

import { join } from 'node:path';

/** The log and what belongs to it: a data directory of @quorate/node. */
export const raftDirectory = (dataDir: string): string => join(dataDir, 'raft');

/** The replicated state. */
export const storeDirectory = (dataDir: string): string => join(dataDir, 'store');

/** Of etcd's own data directory, which Quorate cannot read. */
export const etcdsDirectory = (dataDir: string): string => join(dataDir, 'member');

/** Within the store's: what clients have written. */
export const kvDirectory = (directory: string): string => join(directory, 'kv');
