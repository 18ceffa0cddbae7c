// Original file: src/gateway/grpc/orchestrator.proto

import type { Timestamp as _google_protobuf_Timestamp, Timestamp__Output as _google_protobuf_Timestamp__Output } from '../../google/protobuf/Timestamp.js';
import type { TaskStatus as _orchestrator_v1_TaskStatus, TaskStatus__Output as _orchestrator_v1_TaskStatus__Output } from '../../orchestrator/v1/TaskStatus.js';

export interface TaskAccepted {
  'taskId'?: (string);
  'acceptedAt'?: (_google_protobuf_Timestamp | null);
  'status'?: (_orchestrator_v1_TaskStatus);
  'unserved'?: (boolean);
}

export interface TaskAccepted__Output {
  'taskId': (string);
  'acceptedAt': (_google_protobuf_Timestamp__Output | null);
  'status': (_orchestrator_v1_TaskStatus__Output);
  'unserved': (boolean);
}
