// Original file: src/gateway/grpc/orchestrator.proto

import type { RecordedOutcome as _orchestrator_v1_RecordedOutcome, RecordedOutcome__Output as _orchestrator_v1_RecordedOutcome__Output } from '../../orchestrator/v1/RecordedOutcome.js';

export interface Recorded {
  'taskId'?: (string);
  'leaseId'?: (string);
  'outcome'?: (_orchestrator_v1_RecordedOutcome);
  'message'?: (string);
  'checkpoint'?: (boolean);
}

export interface Recorded__Output {
  'taskId': (string);
  'leaseId': (string);
  'outcome': (_orchestrator_v1_RecordedOutcome__Output);
  'message': (string);
  'checkpoint': (boolean);
}
