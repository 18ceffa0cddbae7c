import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { Duration as _google_protobuf_Duration, Duration__Output as _google_protobuf_Duration__Output } from './google/protobuf/Duration.js';
import type { Timestamp as _google_protobuf_Timestamp, Timestamp__Output as _google_protobuf_Timestamp__Output } from './google/protobuf/Timestamp.js';
import type { AssignedTask as _orchestrator_v1_AssignedTask, AssignedTask__Output as _orchestrator_v1_AssignedTask__Output } from './orchestrator/v1/AssignedTask.js';
import type { Attempt as _orchestrator_v1_Attempt, Attempt__Output as _orchestrator_v1_Attempt__Output } from './orchestrator/v1/Attempt.js';
import type { CancelTaskRequest as _orchestrator_v1_CancelTaskRequest, CancelTaskRequest__Output as _orchestrator_v1_CancelTaskRequest__Output } from './orchestrator/v1/CancelTaskRequest.js';
import type { CancelTaskResponse as _orchestrator_v1_CancelTaskResponse, CancelTaskResponse__Output as _orchestrator_v1_CancelTaskResponse__Output } from './orchestrator/v1/CancelTaskResponse.js';
import type { GatewayClient as _orchestrator_v1_GatewayClient, GatewayDefinition as _orchestrator_v1_GatewayDefinition } from './orchestrator/v1/Gateway.js';
import type { GetTaskRequest as _orchestrator_v1_GetTaskRequest, GetTaskRequest__Output as _orchestrator_v1_GetTaskRequest__Output } from './orchestrator/v1/GetTaskRequest.js';
import type { Greeting as _orchestrator_v1_Greeting, Greeting__Output as _orchestrator_v1_Greeting__Output } from './orchestrator/v1/Greeting.js';
import type { HealthCheckRequest as _orchestrator_v1_HealthCheckRequest, HealthCheckRequest__Output as _orchestrator_v1_HealthCheckRequest__Output } from './orchestrator/v1/HealthCheckRequest.js';
import type { HealthCheckResponse as _orchestrator_v1_HealthCheckResponse, HealthCheckResponse__Output as _orchestrator_v1_HealthCheckResponse__Output } from './orchestrator/v1/HealthCheckResponse.js';
import type { Lease as _orchestrator_v1_Lease, Lease__Output as _orchestrator_v1_Lease__Output } from './orchestrator/v1/Lease.js';
import type { ListRunningRequest as _orchestrator_v1_ListRunningRequest, ListRunningRequest__Output as _orchestrator_v1_ListRunningRequest__Output } from './orchestrator/v1/ListRunningRequest.js';
import type { ListRunningResponse as _orchestrator_v1_ListRunningResponse, ListRunningResponse__Output as _orchestrator_v1_ListRunningResponse__Output } from './orchestrator/v1/ListRunningResponse.js';
import type { ListTasksRequest as _orchestrator_v1_ListTasksRequest, ListTasksRequest__Output as _orchestrator_v1_ListTasksRequest__Output } from './orchestrator/v1/ListTasksRequest.js';
import type { ListTasksResponse as _orchestrator_v1_ListTasksResponse, ListTasksResponse__Output as _orchestrator_v1_ListTasksResponse__Output } from './orchestrator/v1/ListTasksResponse.js';
import type { ProgressRequest as _orchestrator_v1_ProgressRequest, ProgressRequest__Output as _orchestrator_v1_ProgressRequest__Output } from './orchestrator/v1/ProgressRequest.js';
import type { Recorded as _orchestrator_v1_Recorded, Recorded__Output as _orchestrator_v1_Recorded__Output } from './orchestrator/v1/Recorded.js';
import type { Returned as _orchestrator_v1_Returned, Returned__Output as _orchestrator_v1_Returned__Output } from './orchestrator/v1/Returned.js';
import type { RunningTask as _orchestrator_v1_RunningTask, RunningTask__Output as _orchestrator_v1_RunningTask__Output } from './orchestrator/v1/RunningTask.js';
import type { SchedulerClient as _orchestrator_v1_SchedulerClient, SchedulerDefinition as _orchestrator_v1_SchedulerDefinition } from './orchestrator/v1/Scheduler.js';
import type { SubmitTasksResponse as _orchestrator_v1_SubmitTasksResponse, SubmitTasksResponse__Output as _orchestrator_v1_SubmitTasksResponse__Output } from './orchestrator/v1/SubmitTasksResponse.js';
import type { Task as _orchestrator_v1_Task, Task__Output as _orchestrator_v1_Task__Output } from './orchestrator/v1/Task.js';
import type { TaskAccepted as _orchestrator_v1_TaskAccepted, TaskAccepted__Output as _orchestrator_v1_TaskAccepted__Output } from './orchestrator/v1/TaskAccepted.js';
import type { TaskAssignment as _orchestrator_v1_TaskAssignment, TaskAssignment__Output as _orchestrator_v1_TaskAssignment__Output } from './orchestrator/v1/TaskAssignment.js';
import type { TaskCheckpoint as _orchestrator_v1_TaskCheckpoint, TaskCheckpoint__Output as _orchestrator_v1_TaskCheckpoint__Output } from './orchestrator/v1/TaskCheckpoint.js';
import type { TaskError as _orchestrator_v1_TaskError, TaskError__Output as _orchestrator_v1_TaskError__Output } from './orchestrator/v1/TaskError.js';
import type { TaskProgress as _orchestrator_v1_TaskProgress, TaskProgress__Output as _orchestrator_v1_TaskProgress__Output } from './orchestrator/v1/TaskProgress.js';
import type { TaskResult as _orchestrator_v1_TaskResult, TaskResult__Output as _orchestrator_v1_TaskResult__Output } from './orchestrator/v1/TaskResult.js';
import type { TaskSpec as _orchestrator_v1_TaskSpec, TaskSpec__Output as _orchestrator_v1_TaskSpec__Output } from './orchestrator/v1/TaskSpec.js';
import type { WatchTasksRequest as _orchestrator_v1_WatchTasksRequest, WatchTasksRequest__Output as _orchestrator_v1_WatchTasksRequest__Output } from './orchestrator/v1/WatchTasksRequest.js';
import type { WorkerClient as _orchestrator_v1_WorkerClient, WorkerDefinition as _orchestrator_v1_WorkerDefinition } from './orchestrator/v1/Worker.js';
import type { WorkerHeartbeat as _orchestrator_v1_WorkerHeartbeat, WorkerHeartbeat__Output as _orchestrator_v1_WorkerHeartbeat__Output } from './orchestrator/v1/WorkerHeartbeat.js';
import type { WorkerResponse as _orchestrator_v1_WorkerResponse, WorkerResponse__Output as _orchestrator_v1_WorkerResponse__Output } from './orchestrator/v1/WorkerResponse.js';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  google: {
    protobuf: {
      Duration: MessageTypeDefinition<_google_protobuf_Duration, _google_protobuf_Duration__Output>
      Timestamp: MessageTypeDefinition<_google_protobuf_Timestamp, _google_protobuf_Timestamp__Output>
    }
  }
  orchestrator: {
    v1: {
      AssignedTask: MessageTypeDefinition<_orchestrator_v1_AssignedTask, _orchestrator_v1_AssignedTask__Output>
      Attempt: MessageTypeDefinition<_orchestrator_v1_Attempt, _orchestrator_v1_Attempt__Output>
      CancelOutcome: EnumTypeDefinition
      CancelTaskRequest: MessageTypeDefinition<_orchestrator_v1_CancelTaskRequest, _orchestrator_v1_CancelTaskRequest__Output>
      CancelTaskResponse: MessageTypeDefinition<_orchestrator_v1_CancelTaskResponse, _orchestrator_v1_CancelTaskResponse__Output>
      Encoding: EnumTypeDefinition
      Gateway: SubtypeConstructor<typeof grpc.Client, _orchestrator_v1_GatewayClient> & { service: _orchestrator_v1_GatewayDefinition }
      GetTaskRequest: MessageTypeDefinition<_orchestrator_v1_GetTaskRequest, _orchestrator_v1_GetTaskRequest__Output>
      Greeting: MessageTypeDefinition<_orchestrator_v1_Greeting, _orchestrator_v1_Greeting__Output>
      HealthCheckRequest: MessageTypeDefinition<_orchestrator_v1_HealthCheckRequest, _orchestrator_v1_HealthCheckRequest__Output>
      HealthCheckResponse: MessageTypeDefinition<_orchestrator_v1_HealthCheckResponse, _orchestrator_v1_HealthCheckResponse__Output>
      Lease: MessageTypeDefinition<_orchestrator_v1_Lease, _orchestrator_v1_Lease__Output>
      ListRunningRequest: MessageTypeDefinition<_orchestrator_v1_ListRunningRequest, _orchestrator_v1_ListRunningRequest__Output>
      ListRunningResponse: MessageTypeDefinition<_orchestrator_v1_ListRunningResponse, _orchestrator_v1_ListRunningResponse__Output>
      ListTasksRequest: MessageTypeDefinition<_orchestrator_v1_ListTasksRequest, _orchestrator_v1_ListTasksRequest__Output>
      ListTasksResponse: MessageTypeDefinition<_orchestrator_v1_ListTasksResponse, _orchestrator_v1_ListTasksResponse__Output>
      ProgressRequest: MessageTypeDefinition<_orchestrator_v1_ProgressRequest, _orchestrator_v1_ProgressRequest__Output>
      Recorded: MessageTypeDefinition<_orchestrator_v1_Recorded, _orchestrator_v1_Recorded__Output>
      RecordedOutcome: EnumTypeDefinition
      Returned: MessageTypeDefinition<_orchestrator_v1_Returned, _orchestrator_v1_Returned__Output>
      RunningTask: MessageTypeDefinition<_orchestrator_v1_RunningTask, _orchestrator_v1_RunningTask__Output>
      Scheduler: SubtypeConstructor<typeof grpc.Client, _orchestrator_v1_SchedulerClient> & { service: _orchestrator_v1_SchedulerDefinition }
      SubmitTasksResponse: MessageTypeDefinition<_orchestrator_v1_SubmitTasksResponse, _orchestrator_v1_SubmitTasksResponse__Output>
      Task: MessageTypeDefinition<_orchestrator_v1_Task, _orchestrator_v1_Task__Output>
      TaskAccepted: MessageTypeDefinition<_orchestrator_v1_TaskAccepted, _orchestrator_v1_TaskAccepted__Output>
      TaskAssignment: MessageTypeDefinition<_orchestrator_v1_TaskAssignment, _orchestrator_v1_TaskAssignment__Output>
      TaskCheckpoint: MessageTypeDefinition<_orchestrator_v1_TaskCheckpoint, _orchestrator_v1_TaskCheckpoint__Output>
      TaskError: MessageTypeDefinition<_orchestrator_v1_TaskError, _orchestrator_v1_TaskError__Output>
      TaskProgress: MessageTypeDefinition<_orchestrator_v1_TaskProgress, _orchestrator_v1_TaskProgress__Output>
      TaskResult: MessageTypeDefinition<_orchestrator_v1_TaskResult, _orchestrator_v1_TaskResult__Output>
      TaskSpec: MessageTypeDefinition<_orchestrator_v1_TaskSpec, _orchestrator_v1_TaskSpec__Output>
      TaskStatus: EnumTypeDefinition
      WatchTasksRequest: MessageTypeDefinition<_orchestrator_v1_WatchTasksRequest, _orchestrator_v1_WatchTasksRequest__Output>
      Worker: SubtypeConstructor<typeof grpc.Client, _orchestrator_v1_WorkerClient> & { service: _orchestrator_v1_WorkerDefinition }
      WorkerHeartbeat: MessageTypeDefinition<_orchestrator_v1_WorkerHeartbeat, _orchestrator_v1_WorkerHeartbeat__Output>
      WorkerResponse: MessageTypeDefinition<_orchestrator_v1_WorkerResponse, _orchestrator_v1_WorkerResponse__Output>
    }
  }
}

