export * from './config.ts';
export * from './errors.ts';
/** The messages of etcd's API, for clients of it. */
export * as rpc from './generated/rpc.ts';
export * from './recovery/recover-member.ts';
export * from './server.ts';
