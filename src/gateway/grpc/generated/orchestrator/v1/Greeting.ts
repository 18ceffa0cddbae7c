// Original file: src/gateway/grpc/orchestrator.proto

import type { Duration as _google_protobuf_Duration, Duration__Output as _google_protobuf_Duration__Output } from '../../google/protobuf/Duration.js';

export interface Greeting {
  'workerId'?: (string);
  'version'?: (string);
  'heartbeatInterval'?: (_google_protobuf_Duration | null);
  'lease'?: (_google_protobuf_Duration | null);
}

export interface Greeting__Output {
  'workerId': (string);
  'version': (string);
  'heartbeatInterval': (_google_protobuf_Duration__Output | null);
  'lease': (_google_protobuf_Duration__Output | null);
}
