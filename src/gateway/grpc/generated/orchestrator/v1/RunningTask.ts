// Original file: src/gateway/grpc/orchestrator.proto

import type { Timestamp as _google_protobuf_Timestamp, Timestamp__Output as _google_protobuf_Timestamp__Output } from '../../google/protobuf/Timestamp.js';

export interface RunningTask {
  'taskId'?: (string);
  'name'?: (string);
  'attempt'?: (number);
  'startedAt'?: (_google_protobuf_Timestamp | null);
}

export interface RunningTask__Output {
  'taskId': (string);
  'name': (string);
  'attempt': (number);
  'startedAt': (_google_protobuf_Timestamp__Output | null);
}
