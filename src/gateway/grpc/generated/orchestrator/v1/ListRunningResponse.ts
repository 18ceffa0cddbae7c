// Original file: src/gateway/grpc/orchestrator.proto

import type { RunningTask as _orchestrator_v1_RunningTask, RunningTask__Output as _orchestrator_v1_RunningTask__Output } from '../../orchestrator/v1/RunningTask.js';

export interface ListRunningResponse {
  'workerId'?: (string);
  'slots'?: (number);
  'tasks'?: (_orchestrator_v1_RunningTask)[];
  'taskNames'?: (string)[];
  'queues'?: (string)[];
  'leaving'?: (boolean);
}

export interface ListRunningResponse__Output {
  'workerId': (string);
  'slots': (number);
  'tasks': (_orchestrator_v1_RunningTask__Output)[];
  'taskNames': (string)[];
  'queues': (string)[];
  'leaving': (boolean);
}
