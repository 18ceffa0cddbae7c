// Original file: src/gateway/grpc/orchestrator.proto

import type { CancelOutcome as _orchestrator_v1_CancelOutcome, CancelOutcome__Output as _orchestrator_v1_CancelOutcome__Output } from '../../orchestrator/v1/CancelOutcome.js';
import type { TaskStatus as _orchestrator_v1_TaskStatus, TaskStatus__Output as _orchestrator_v1_TaskStatus__Output } from '../../orchestrator/v1/TaskStatus.js';

export interface CancelTaskResponse {
  'taskId'?: (string);
  'outcome'?: (_orchestrator_v1_CancelOutcome);
  'status'?: (_orchestrator_v1_TaskStatus);
}

export interface CancelTaskResponse__Output {
  'taskId': (string);
  'outcome': (_orchestrator_v1_CancelOutcome__Output);
  'status': (_orchestrator_v1_TaskStatus__Output);
}
