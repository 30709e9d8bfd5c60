/**
 * Where the numbers of this process's questions to the leader begin. An answer may still be on its
 * way to the process that this one replaces, and must not be taken for an answer to this one: so
 * each process begins at a random place in a range of 2^48.
 */
export const firstCallId = (): number => Math.floor(Math.random() * 2 ** 48);
