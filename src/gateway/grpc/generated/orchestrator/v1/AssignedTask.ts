// Original file: src/gateway/grpc/orchestrator.proto

import type { Encoding as _orchestrator_v1_Encoding, Encoding__Output as _orchestrator_v1_Encoding__Output } from '../../orchestrator/v1/Encoding.js';
import type { Duration as _google_protobuf_Duration, Duration__Output as _google_protobuf_Duration__Output } from '../../google/protobuf/Duration.js';
import type { Timestamp as _google_protobuf_Timestamp, Timestamp__Output as _google_protobuf_Timestamp__Output } from '../../google/protobuf/Timestamp.js';

export interface AssignedTask {
  'taskId'?: (string);
  'leaseId'?: (string);
  'name'?: (string);
  'queue'?: (string);
  'payload'?: (Buffer | Uint8Array | string);
  'payloadEncoding'?: (_orchestrator_v1_Encoding);
  'attempt'?: (number);
  'maxAttempts'?: (number);
  'timeout'?: (_google_protobuf_Duration | null);
  'meta'?: (string);
  'leaseUntil'?: (_google_protobuf_Timestamp | null);
  'deadline'?: (_google_protobuf_Timestamp | null);
  'checkpoint'?: (string);
  'ballot'?: (boolean);
}

export interface AssignedTask__Output {
  'taskId': (string);
  'leaseId': (string);
  'name': (string);
  'queue': (string);
  'payload': (Buffer);
  'payloadEncoding': (_orchestrator_v1_Encoding__Output);
  'attempt': (number);
  'maxAttempts': (number);
  'timeout': (_google_protobuf_Duration__Output | null);
  'meta': (string);
  'leaseUntil': (_google_protobuf_Timestamp__Output | null);
  'deadline': (_google_protobuf_Timestamp__Output | null);
  'checkpoint': (string);
  'ballot': (boolean);
}
