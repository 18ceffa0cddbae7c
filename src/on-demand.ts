// What the public API loads when it is first called: a task module that imports dtr for `defineTasks` starts without
// waiting for clients and clusters.

/**
 * A connection to the cluster of this folder, or the one that `options` name.
 * @throws DtrError `no_cluster`, `unauthorised`, or `bad_input`
 */
export const connect: typeof import('./client/connect.js').connect = async (...given) =>
  (await import('./client/connect.js')).connect(...given)

/**
 * A master and workers, each a process of its own, ended with `stop()`.
 * @throws DtrError what kept one of them from starting; then none is left
 */
export const startCluster: typeof import('./launch/cluster.js').startCluster = async (...given) =>
  (await import('./launch/cluster.js')).startCluster(...given)

/**
 * A master in the calling process.
 * @throws DtrError `data_in_use`, `ports_taken`, `bad_input`
 */
export const startMaster: typeof import('./launch/in-process.js').startMaster = async (...given) =>
  (await import('./launch/in-process.js')).startMaster(...given)

/**
 * A worker in the calling process; its tasks run in a host beside it all the same.
 * @throws DtrError `ports_taken`, `bad_input` for a task module that cannot be used, `no_cluster` without a secret
 */
export const startWorker: typeof import('./launch/in-process.js').startWorker = async (...given) =>
  (await import('./launch/in-process.js')).startWorker(...given)
