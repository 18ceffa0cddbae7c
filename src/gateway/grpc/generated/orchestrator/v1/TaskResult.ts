// Original file: src/gateway/grpc/orchestrator.proto

import type { TaskStatus as _orchestrator_v1_TaskStatus, TaskStatus__Output as _orchestrator_v1_TaskStatus__Output } from '../../orchestrator/v1/TaskStatus.js';
import type { TaskError as _orchestrator_v1_TaskError, TaskError__Output as _orchestrator_v1_TaskError__Output } from '../../orchestrator/v1/TaskError.js';
import type { Returned as _orchestrator_v1_Returned, Returned__Output as _orchestrator_v1_Returned__Output } from '../../orchestrator/v1/Returned.js';
import type { Encoding as _orchestrator_v1_Encoding, Encoding__Output as _orchestrator_v1_Encoding__Output } from '../../orchestrator/v1/Encoding.js';

export interface TaskResult {
  'taskId'?: (string);
  'leaseId'?: (string);
  'status'?: (_orchestrator_v1_TaskStatus);
  'output'?: (Buffer | Uint8Array | string);
  'error'?: (_orchestrator_v1_TaskError | null);
  'returned'?: (_orchestrator_v1_Returned | null);
  'outputEncoding'?: (_orchestrator_v1_Encoding);
  'final'?: (boolean);
  'ballot'?: (string);
  'outcome'?: "output"|"error"|"returned";
}

export interface TaskResult__Output {
  'taskId': (string);
  'leaseId': (string);
  'status': (_orchestrator_v1_TaskStatus__Output);
  'output'?: (Buffer);
  'error'?: (_orchestrator_v1_TaskError__Output | null);
  'returned'?: (_orchestrator_v1_Returned__Output | null);
  'outputEncoding': (_orchestrator_v1_Encoding__Output);
  'final': (boolean);
  'ballot': (string);
  'outcome'?: "output"|"error"|"returned";
}
