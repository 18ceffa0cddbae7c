// The public API: what a program that uses dtr imports, and nothing else.
export { Client, type SubmitOptions } from './client/client.js'
export { type ConnectOptions, connect } from './client/connect.js'
export type { MapItem, MapOptions } from './client/map.js'
export type { Duration, TaskOptions } from './client/spec.js'
export { type TaskEnd, TaskFailedError } from './client/task-end.js'
export { type CancelledTask, TaskHandle } from './client/task-handle.js'
export type { GivenSettings, Settings } from './config.js'
export { DtrError, type ErrorCode } from './errors.js'
export { Cluster, type ClusterProcess, type ClusterStart, startCluster } from './launch/cluster.js'
export { type InProcessOptions, type MasterStart, startMaster, startWorker } from './launch/in-process.js'
export type { Log } from './log.js'
export type { MasterHandle } from './master/node.js'
export {
  defineTasks,
  NonRetryableError,
  type TaskContext,
  type TaskDefinition,
  type TaskDefinitions,
} from './task/define.js'
export type { TaskState } from './task/task.js'
export type { WorkerHandle } from './worker/node.js'
