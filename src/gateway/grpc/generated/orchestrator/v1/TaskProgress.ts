// Original file: src/gateway/grpc/orchestrator.proto

import type { TaskStatus as _orchestrator_v1_TaskStatus, TaskStatus__Output as _orchestrator_v1_TaskStatus__Output } from '../../orchestrator/v1/TaskStatus.js';
import type { Timestamp as _google_protobuf_Timestamp, Timestamp__Output as _google_protobuf_Timestamp__Output } from '../../google/protobuf/Timestamp.js';
import type { TaskError as _orchestrator_v1_TaskError, TaskError__Output as _orchestrator_v1_TaskError__Output } from '../../orchestrator/v1/TaskError.js';
import type { TaskResult as _orchestrator_v1_TaskResult, TaskResult__Output as _orchestrator_v1_TaskResult__Output } from '../../orchestrator/v1/TaskResult.js';
import type { Long } from '@grpc/proto-loader';

export interface TaskProgress {
  'taskId'?: (string);
  'status'?: (_orchestrator_v1_TaskStatus);
  'percent'?: (number | string);
  'message'?: (string);
  'observedAt'?: (_google_protobuf_Timestamp | null);
  'attempt'?: (number);
  'workerId'?: (string);
  'error'?: (_orchestrator_v1_TaskError | null);
  'runAt'?: (_google_protobuf_Timestamp | null);
  'result'?: (_orchestrator_v1_TaskResult | null);
  'log'?: (string);
  'logSkipped'?: (number | string | Long);
  'leaseId'?: (string);
}

export interface TaskProgress__Output {
  'taskId': (string);
  'status': (_orchestrator_v1_TaskStatus__Output);
  'percent': (number);
  'message': (string);
  'observedAt': (_google_protobuf_Timestamp__Output | null);
  'attempt': (number);
  'workerId': (string);
  'error': (_orchestrator_v1_TaskError__Output | null);
  'runAt': (_google_protobuf_Timestamp__Output | null);
  'result': (_orchestrator_v1_TaskResult__Output | null);
  'log': (string);
  'logSkipped': (number);
  'leaseId': (string);
}
