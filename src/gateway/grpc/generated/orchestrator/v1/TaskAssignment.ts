// Original file: src/gateway/grpc/orchestrator.proto

import type { Greeting as _orchestrator_v1_Greeting, Greeting__Output as _orchestrator_v1_Greeting__Output } from '../../orchestrator/v1/Greeting.js';
import type { AssignedTask as _orchestrator_v1_AssignedTask, AssignedTask__Output as _orchestrator_v1_AssignedTask__Output } from '../../orchestrator/v1/AssignedTask.js';
import type { Lease as _orchestrator_v1_Lease, Lease__Output as _orchestrator_v1_Lease__Output } from '../../orchestrator/v1/Lease.js';
import type { Recorded as _orchestrator_v1_Recorded, Recorded__Output as _orchestrator_v1_Recorded__Output } from '../../orchestrator/v1/Recorded.js';

export interface TaskAssignment {
  'greeting'?: (_orchestrator_v1_Greeting | null);
  'task'?: (_orchestrator_v1_AssignedTask | null);
  'cancel'?: (_orchestrator_v1_Lease | null);
  'lost'?: (_orchestrator_v1_Lease | null);
  'recorded'?: (_orchestrator_v1_Recorded | null);
  'kind'?: "greeting"|"task"|"cancel"|"lost"|"recorded";
}

export interface TaskAssignment__Output {
  'greeting'?: (_orchestrator_v1_Greeting__Output | null);
  'task'?: (_orchestrator_v1_AssignedTask__Output | null);
  'cancel'?: (_orchestrator_v1_Lease__Output | null);
  'lost'?: (_orchestrator_v1_Lease__Output | null);
  'recorded'?: (_orchestrator_v1_Recorded__Output | null);
  'kind'?: "greeting"|"task"|"cancel"|"lost"|"recorded";
}
