// Original file: src/gateway/grpc/orchestrator.proto

import type { TaskStatus as _orchestrator_v1_TaskStatus, TaskStatus__Output as _orchestrator_v1_TaskStatus__Output } from '../../orchestrator/v1/TaskStatus.js';
import type { Timestamp as _google_protobuf_Timestamp, Timestamp__Output as _google_protobuf_Timestamp__Output } from '../../google/protobuf/Timestamp.js';
import type { TaskError as _orchestrator_v1_TaskError, TaskError__Output as _orchestrator_v1_TaskError__Output } from '../../orchestrator/v1/TaskError.js';
import type { Encoding as _orchestrator_v1_Encoding, Encoding__Output as _orchestrator_v1_Encoding__Output } from '../../orchestrator/v1/Encoding.js';
import type { Attempt as _orchestrator_v1_Attempt, Attempt__Output as _orchestrator_v1_Attempt__Output } from '../../orchestrator/v1/Attempt.js';

export interface Task {
  'taskId'?: (string);
  'name'?: (string);
  'description'?: (string);
  'queue'?: (string);
  'priority'?: (number);
  'status'?: (_orchestrator_v1_TaskStatus);
  'attempts'?: (number);
  'maxAttempts'?: (number);
  'createdAt'?: (_google_protobuf_Timestamp | null);
  'runAt'?: (_google_protobuf_Timestamp | null);
  'startedAt'?: (_google_protobuf_Timestamp | null);
  'endedAt'?: (_google_protobuf_Timestamp | null);
  'workerId'?: (string);
  'cancelRequested'?: (boolean);
  'error'?: (_orchestrator_v1_TaskError | null);
  'payload'?: (Buffer | Uint8Array | string);
  'payloadEncoding'?: (_orchestrator_v1_Encoding);
  'result'?: (Buffer | Uint8Array | string);
  'resultEncoding'?: (_orchestrator_v1_Encoding);
  'percent'?: (number | string);
  'message'?: (string);
  'meta'?: (string);
  'attemptsBefore'?: (_orchestrator_v1_Attempt)[];
}

export interface Task__Output {
  'taskId': (string);
  'name': (string);
  'description': (string);
  'queue': (string);
  'priority': (number);
  'status': (_orchestrator_v1_TaskStatus__Output);
  'attempts': (number);
  'maxAttempts': (number);
  'createdAt': (_google_protobuf_Timestamp__Output | null);
  'runAt': (_google_protobuf_Timestamp__Output | null);
  'startedAt': (_google_protobuf_Timestamp__Output | null);
  'endedAt': (_google_protobuf_Timestamp__Output | null);
  'workerId': (string);
  'cancelRequested': (boolean);
  'error': (_orchestrator_v1_TaskError__Output | null);
  'payload': (Buffer);
  'payloadEncoding': (_orchestrator_v1_Encoding__Output);
  'result': (Buffer);
  'resultEncoding': (_orchestrator_v1_Encoding__Output);
  'percent': (number);
  'message': (string);
  'meta': (string);
  'attemptsBefore': (_orchestrator_v1_Attempt__Output)[];
}
