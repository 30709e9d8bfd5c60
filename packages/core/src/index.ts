/** The Raft protocol as a pure function: inputs in, effects out. */
export * from './configuration/change.ts';
export * from './configuration/configuration.ts';
export * from './effects.ts';
export * from './entry.ts';
export * from './inputs.ts';
export { InvariantViolation } from './invariant.ts';
export * from './log/log-reader.ts';
export type { MembershipState } from './membership-state.ts';
export * from './messages.ts';
export * from './options.ts';
export * from './raft.ts';
export * from './random.ts';
export type * from './status.ts';
export * from './stored.ts';
export * from './trace.ts';
export * from './types.ts';
export type { VoteVerdict } from './vote.ts';
export * from './with-one-more.ts';
