// Original file: src/gateway/grpc/orchestrator.proto

import type { Lease as _orchestrator_v1_Lease, Lease__Output as _orchestrator_v1_Lease__Output } from '../../orchestrator/v1/Lease.js';
import type { Duration as _google_protobuf_Duration, Duration__Output as _google_protobuf_Duration__Output } from '../../google/protobuf/Duration.js';

export interface WorkerHeartbeat {
  'workerId'?: (string);
  'availableSlots'?: (number);
  'running'?: (_orchestrator_v1_Lease)[];
  'taskNames'?: (string)[];
  'queues'?: (string)[];
  'labels'?: ({[key: string]: string});
  'model'?: (string);
  'version'?: (string);
  'lease'?: (_google_protobuf_Duration | null);
  'leaving'?: (boolean);
}

export interface WorkerHeartbeat__Output {
  'workerId': (string);
  'availableSlots': (number);
  'running': (_orchestrator_v1_Lease__Output)[];
  'taskNames': (string)[];
  'queues': (string)[];
  'labels': ({[key: string]: string});
  'model': (string);
  'version': (string);
  'lease': (_google_protobuf_Duration__Output | null);
  'leaving': (boolean);
}
