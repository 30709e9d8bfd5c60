/** The two sets of timeouts under which all systems run. etcd/raft's are in peers/README.md. */

export const PROFILES = {
  /** etcd's defaults: an election timeout drawn from 1 to 2 s, a heartbeat each 100 ms. */
  default: { electionTimeoutMs: 1000, heartbeatIntervalMs: 100 },
  /** The paper's: drawn from 150 to 300 ms, a heartbeat each 50 ms. */
  fast: { electionTimeoutMs: 150, heartbeatIntervalMs: 50 },
};
