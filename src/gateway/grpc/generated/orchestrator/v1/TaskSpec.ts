// Original file: src/gateway/grpc/orchestrator.proto

import type { Encoding as _orchestrator_v1_Encoding, Encoding__Output as _orchestrator_v1_Encoding__Output } from '../../orchestrator/v1/Encoding.js';
import type { Duration as _google_protobuf_Duration, Duration__Output as _google_protobuf_Duration__Output } from '../../google/protobuf/Duration.js';

export interface TaskSpec {
  'name'?: (string);
  'description'?: (string);
  'payload'?: (Buffer | Uint8Array | string);
  'payloadEncoding'?: (_orchestrator_v1_Encoding);
  'queue'?: (string);
  'priority'?: (number);
  'idempotencyKey'?: (string);
  'maxAttempts'?: (number);
  'timeout'?: (_google_protobuf_Duration | null);
  'delay'?: (_google_protobuf_Duration | null);
  'expires'?: (_google_protobuf_Duration | null);
  'deadline'?: (_google_protobuf_Duration | null);
  'meta'?: (string);
}

export interface TaskSpec__Output {
  'name': (string);
  'description': (string);
  'payload': (Buffer);
  'payloadEncoding': (_orchestrator_v1_Encoding__Output);
  'queue': (string);
  'priority': (number);
  'idempotencyKey': (string);
  'maxAttempts': (number);
  'timeout': (_google_protobuf_Duration__Output | null);
  'delay': (_google_protobuf_Duration__Output | null);
  'expires': (_google_protobuf_Duration__Output | null);
  'deadline': (_google_protobuf_Duration__Output | null);
  'meta': (string);
}
