// Original file: src/gateway/grpc/orchestrator.proto

import type { Timestamp as _google_protobuf_Timestamp, Timestamp__Output as _google_protobuf_Timestamp__Output } from '../../google/protobuf/Timestamp.js';
import type { TaskError as _orchestrator_v1_TaskError, TaskError__Output as _orchestrator_v1_TaskError__Output } from '../../orchestrator/v1/TaskError.js';

export interface Attempt {
  'attempt'?: (number);
  'workerId'?: (string);
  'startedAt'?: (_google_protobuf_Timestamp | null);
  'endedAt'?: (_google_protobuf_Timestamp | null);
  'outcome'?: (string);
  'charged'?: (boolean);
  'error'?: (_orchestrator_v1_TaskError | null);
}

export interface Attempt__Output {
  'attempt': (number);
  'workerId': (string);
  'startedAt': (_google_protobuf_Timestamp__Output | null);
  'endedAt': (_google_protobuf_Timestamp__Output | null);
  'outcome': (string);
  'charged': (boolean);
  'error': (_orchestrator_v1_TaskError__Output | null);
}
