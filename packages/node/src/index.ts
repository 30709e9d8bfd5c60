export * from './api.ts';
export * from './state-machine.ts';
