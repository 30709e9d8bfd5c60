/** Was there an order of these operations that a service used by one client at a time could have had? */
export * from './check.ts';
export type { Evidence, Fact, Witness } from './evidence.ts';
export * from './history.ts';
export * from './model.ts';
export * from './models/key-value.ts';
export * from './models/lock.ts';
export * from './models/queue.ts';
export * from './models/register.ts';
export * from './models/transactions.ts';
export { renderTimeline } from './timeline/render.ts';
export * from './verdict.ts';
