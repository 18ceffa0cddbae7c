// Original file: src/gateway/grpc/orchestrator.proto

import type { Task as _orchestrator_v1_Task, Task__Output as _orchestrator_v1_Task__Output } from '../../orchestrator/v1/Task.js';

export interface ListTasksResponse {
  'tasks'?: (_orchestrator_v1_Task)[];
  'nextPageToken'?: (string);
}

export interface ListTasksResponse__Output {
  'tasks': (_orchestrator_v1_Task__Output)[];
  'nextPageToken': (string);
}
