/** The server. The messages of its API, for clients, are `@quorate/etcd/rpc`. */
export * from './config.ts';
export * from './errors.ts';
export * from './recovery/recover-member.ts';
export * from './server.ts';
