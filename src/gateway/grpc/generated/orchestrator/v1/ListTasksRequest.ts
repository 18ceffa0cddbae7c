// Original file: src/gateway/grpc/orchestrator.proto

import type { TaskStatus as _orchestrator_v1_TaskStatus, TaskStatus__Output as _orchestrator_v1_TaskStatus__Output } from '../../orchestrator/v1/TaskStatus.js';
import type { Timestamp as _google_protobuf_Timestamp, Timestamp__Output as _google_protobuf_Timestamp__Output } from '../../google/protobuf/Timestamp.js';

export interface ListTasksRequest {
  'statuses'?: (_orchestrator_v1_TaskStatus)[];
  'names'?: (string)[];
  'queues'?: (string)[];
  'createdSince'?: (_google_protobuf_Timestamp | null);
  'createdBefore'?: (_google_protobuf_Timestamp | null);
  'pageSize'?: (number);
  'pageToken'?: (string);
}

export interface ListTasksRequest__Output {
  'statuses': (_orchestrator_v1_TaskStatus__Output)[];
  'names': (string)[];
  'queues': (string)[];
  'createdSince': (_google_protobuf_Timestamp__Output | null);
  'createdBefore': (_google_protobuf_Timestamp__Output | null);
  'pageSize': (number);
  'pageToken': (string);
}
