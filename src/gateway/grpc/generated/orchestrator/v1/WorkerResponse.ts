// Original file: src/gateway/grpc/orchestrator.proto

import type { WorkerHeartbeat as _orchestrator_v1_WorkerHeartbeat, WorkerHeartbeat__Output as _orchestrator_v1_WorkerHeartbeat__Output } from '../../orchestrator/v1/WorkerHeartbeat.js';
import type { TaskProgress as _orchestrator_v1_TaskProgress, TaskProgress__Output as _orchestrator_v1_TaskProgress__Output } from '../../orchestrator/v1/TaskProgress.js';
import type { TaskResult as _orchestrator_v1_TaskResult, TaskResult__Output as _orchestrator_v1_TaskResult__Output } from '../../orchestrator/v1/TaskResult.js';
import type { TaskCheckpoint as _orchestrator_v1_TaskCheckpoint, TaskCheckpoint__Output as _orchestrator_v1_TaskCheckpoint__Output } from '../../orchestrator/v1/TaskCheckpoint.js';

export interface WorkerResponse {
  'heartbeat'?: (_orchestrator_v1_WorkerHeartbeat | null);
  'progress'?: (_orchestrator_v1_TaskProgress | null);
  'result'?: (_orchestrator_v1_TaskResult | null);
  'checkpoint'?: (_orchestrator_v1_TaskCheckpoint | null);
  'kind'?: "heartbeat"|"progress"|"result"|"checkpoint";
}

export interface WorkerResponse__Output {
  'heartbeat'?: (_orchestrator_v1_WorkerHeartbeat__Output | null);
  'progress'?: (_orchestrator_v1_TaskProgress__Output | null);
  'result'?: (_orchestrator_v1_TaskResult__Output | null);
  'checkpoint'?: (_orchestrator_v1_TaskCheckpoint__Output | null);
  'kind'?: "heartbeat"|"progress"|"result"|"checkpoint";
}
