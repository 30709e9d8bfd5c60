export * from './check-request.ts';
export * from './errors.ts';
export * from './key-value.ts';
export * from './kv-store.ts';
export * from './memory/memory-store.ts';
export * from './ordered-store.ts';
export * from './requests.ts';
export * from './responses.ts';
