// The public API: what a program that uses dtr imports, and nothing else.
// Its types are those of Node as well (AbortSignal, Buffer), whatever the user's own tsconfig lists.
/// <reference types="node" preserve="true" />
export type { Client, ClusterMetrics, ClusterStatus, SubmitOptions, TaskPage, WorkerReload } from './client/client.js'
export type { ConnectOptions } from './client/connect.js'
export type { ClusterFeed, FeedOptions, FeedPlace } from './client/feed.js'
export type { CreatedKey, Key, KeyOptions, Keys } from './client/keys.js'
export type { Leaderboard, ModelTally, Standing, VoteTally, WorkerRecord } from './client/leaderboard.js'
export type { MapItem, MapOptions } from './client/map.js'
export type {
  ClaimOptions,
  PullEnding,
  PulledTask,
  PullHeard,
  PullRegistration,
  PullSettled,
  PullWorker,
  PullWorkers,
  RegisteredPullWorker,
  Renewal,
  RenewedLease,
} from './client/pull.js'
export type { Moment, TaskQuery } from './client/query.js'
export type { Duration, TaskOptions } from './client/spec.js'
export type { SubmitAllOptions } from './client/submit-all.js'
export { type TaskEnd, TaskFailedError } from './client/task-end.js'
export type {
  TaskEndedEvent,
  TaskEvent,
  TaskLog,
  TaskLogEvent,
  TaskProgressEvent,
  TaskStateEvent,
} from './client/task-events.js'
export type { CancelledTask, RetriedTask, TaskHandle } from './client/task-handle.js'
export type { GivenSettings, Settings } from './config.js'
export { DtrError, type ErrorCode } from './errors.js'
export type { Cluster, ClusterProcess, ClusterStart } from './launch/cluster.js'
export type { Configuration } from './launch/config-file.js'
export type { InProcessOptions, MasterStart } from './launch/in-process.js'
export type { Log } from './log.js'
export type { MasterHandle } from './master/node.js'
export { connect, startCluster, startMaster, startWorker } from './on-demand.js'
export type { FailureField as FailureGroup, SummaryField as TaskSummary } from './protocol/messages.js'
export type { AttemptInput, AttemptOutcome, Control, Runner, ServedType } from './runner/runner.js'
export type { TaskContext } from './task/context.js'
export {
  defineTasks,
  NonRetryableError,
  type TaskDefinition,
  type TaskDefinitions,
} from './task/define.js'
export type { TaskPayload, TaskResult } from './task/infer.js'
export type { KeyRole } from './task/roles.js'
export type { TaskError, TaskState } from './task/task.js'
export type { WorkerHandle } from './worker/node.js'
