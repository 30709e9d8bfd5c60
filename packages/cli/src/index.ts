/** `import { RaftNode } from 'quorate'`: the embedding API, under the name that people install. */
export * from '@quorate/node';
