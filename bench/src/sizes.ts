// How much of each is measured.

export const FULL = {
  runs: 5,
  floors: { lines: 200_000, rows: 100_000, ways: 1_000 },
  contest: { tasks: 20_000, single: 500, warmUpMs: { tasks: 6_000, single: 10_000 } },
  backlog: { tasks: 40_000, backlogs: [1_000, 100_000, 1_000_000], unserved: 100_000 },
  scale: { workers: [1, 2, 4, 8, 16], restMs: [0, 1, 10], forMs: 2_000 },
  fakes: { workers: [10, 100, 1_000], tasks: 20_000, idleMs: 5_000, warmUpMs: 6_000 },
  prefetch: { workers: 10, long: { count: 20, ms: 5_000 }, short: { count: 2_000, ms: 5 } },
  gateway: { tasks: 20_000, streams: 2_000 },
  grpc: { tasks: 20_000, streams: 500 },
  dashboard: { workers: 1_000, pending: 1_000_000, rate: 200, visits: 5, lists: 25, openMs: 600_000 },
  safety: { tasks: 20_000 },
}

/** To see that the harness works: the figures mean nothing. */
export const SMOKE: typeof FULL = {
  runs: 1,
  floors: { lines: 1_000, rows: 1_000, ways: 20 },
  contest: { tasks: 200, single: 5, warmUpMs: { tasks: 0, single: 0 } },
  backlog: { tasks: 200, backlogs: [200], unserved: 100 },
  scale: { workers: [2], restMs: [0, 1], forMs: 100 },
  fakes: { workers: [5], tasks: 100, idleMs: 500, warmUpMs: 0 },
  prefetch: { workers: 2, long: { count: 2, ms: 100 }, short: { count: 20, ms: 5 } },
  gateway: { tasks: 200, streams: 50 },
  grpc: { tasks: 200, streams: 20 },
  dashboard: { workers: 10, pending: 100, rate: 20, visits: 1, lists: 1, openMs: 1_000 },
  safety: { tasks: 200 },
}
