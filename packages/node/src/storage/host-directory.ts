/** Where things lie in the directory of a host; docs/storage-format.md. */

import { join } from 'node:path';

export const GROUPS = 'groups';

export const sharedLogDirectory = (directory: string): string => join(directory, GROUPS, 'log');

export const groupSnapshotsDirectory = (directory: string): string =>
  join(directory, GROUPS, 'snapshots');
