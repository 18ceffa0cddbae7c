// Original file: src/gateway/grpc/orchestrator.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { CancelTaskRequest as _orchestrator_v1_CancelTaskRequest, CancelTaskRequest__Output as _orchestrator_v1_CancelTaskRequest__Output } from '../../orchestrator/v1/CancelTaskRequest.js';
import type { CancelTaskResponse as _orchestrator_v1_CancelTaskResponse, CancelTaskResponse__Output as _orchestrator_v1_CancelTaskResponse__Output } from '../../orchestrator/v1/CancelTaskResponse.js';
import type { GetTaskRequest as _orchestrator_v1_GetTaskRequest, GetTaskRequest__Output as _orchestrator_v1_GetTaskRequest__Output } from '../../orchestrator/v1/GetTaskRequest.js';
import type { HealthCheckRequest as _orchestrator_v1_HealthCheckRequest, HealthCheckRequest__Output as _orchestrator_v1_HealthCheckRequest__Output } from '../../orchestrator/v1/HealthCheckRequest.js';
import type { HealthCheckResponse as _orchestrator_v1_HealthCheckResponse, HealthCheckResponse__Output as _orchestrator_v1_HealthCheckResponse__Output } from '../../orchestrator/v1/HealthCheckResponse.js';
import type { ListTasksRequest as _orchestrator_v1_ListTasksRequest, ListTasksRequest__Output as _orchestrator_v1_ListTasksRequest__Output } from '../../orchestrator/v1/ListTasksRequest.js';
import type { ListTasksResponse as _orchestrator_v1_ListTasksResponse, ListTasksResponse__Output as _orchestrator_v1_ListTasksResponse__Output } from '../../orchestrator/v1/ListTasksResponse.js';
import type { ProgressRequest as _orchestrator_v1_ProgressRequest, ProgressRequest__Output as _orchestrator_v1_ProgressRequest__Output } from '../../orchestrator/v1/ProgressRequest.js';
import type { SubmitTasksResponse as _orchestrator_v1_SubmitTasksResponse, SubmitTasksResponse__Output as _orchestrator_v1_SubmitTasksResponse__Output } from '../../orchestrator/v1/SubmitTasksResponse.js';
import type { Task as _orchestrator_v1_Task, Task__Output as _orchestrator_v1_Task__Output } from '../../orchestrator/v1/Task.js';
import type { TaskAccepted as _orchestrator_v1_TaskAccepted, TaskAccepted__Output as _orchestrator_v1_TaskAccepted__Output } from '../../orchestrator/v1/TaskAccepted.js';
import type { TaskProgress as _orchestrator_v1_TaskProgress, TaskProgress__Output as _orchestrator_v1_TaskProgress__Output } from '../../orchestrator/v1/TaskProgress.js';
import type { TaskSpec as _orchestrator_v1_TaskSpec, TaskSpec__Output as _orchestrator_v1_TaskSpec__Output } from '../../orchestrator/v1/TaskSpec.js';
import type { WatchTasksRequest as _orchestrator_v1_WatchTasksRequest, WatchTasksRequest__Output as _orchestrator_v1_WatchTasksRequest__Output } from '../../orchestrator/v1/WatchTasksRequest.js';

export interface GatewayClient extends grpc.Client {
  CancelTask(argument: _orchestrator_v1_CancelTaskRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_orchestrator_v1_CancelTaskResponse__Output>): grpc.ClientUnaryCall;
  CancelTask(argument: _orchestrator_v1_CancelTaskRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_orchestrator_v1_CancelTaskResponse__Output>): grpc.ClientUnaryCall;
  CancelTask(argument: _orchestrator_v1_CancelTaskRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_orchestrator_v1_CancelTaskResponse__Output>): grpc.ClientUnaryCall;
  CancelTask(argument: _orchestrator_v1_CancelTaskRequest, callback: grpc.requestCallback<_orchestrator_v1_CancelTaskResponse__Output>): grpc.ClientUnaryCall;
  cancelTask(argument: _orchestrator_v1_CancelTaskRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_orchestrator_v1_CancelTaskResponse__Output>): grpc.ClientUnaryCall;
  cancelTask(argument: _orchestrator_v1_CancelTaskRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_orchestrator_v1_CancelTaskResponse__Output>): grpc.ClientUnaryCall;
  cancelTask(argument: _orchestrator_v1_CancelTaskRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_orchestrator_v1_CancelTaskResponse__Output>): grpc.ClientUnaryCall;
  cancelTask(argument: _orchestrator_v1_CancelTaskRequest, callback: grpc.requestCallback<_orchestrator_v1_CancelTaskResponse__Output>): grpc.ClientUnaryCall;
  
  GetTask(argument: _orchestrator_v1_GetTaskRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_orchestrator_v1_Task__Output>): grpc.ClientUnaryCall;
  GetTask(argument: _orchestrator_v1_GetTaskRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_orchestrator_v1_Task__Output>): grpc.ClientUnaryCall;
  GetTask(argument: _orchestrator_v1_GetTaskRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_orchestrator_v1_Task__Output>): grpc.ClientUnaryCall;
  GetTask(argument: _orchestrator_v1_GetTaskRequest, callback: grpc.requestCallback<_orchestrator_v1_Task__Output>): grpc.ClientUnaryCall;
  getTask(argument: _orchestrator_v1_GetTaskRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_orchestrator_v1_Task__Output>): grpc.ClientUnaryCall;
  getTask(argument: _orchestrator_v1_GetTaskRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_orchestrator_v1_Task__Output>): grpc.ClientUnaryCall;
  getTask(argument: _orchestrator_v1_GetTaskRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_orchestrator_v1_Task__Output>): grpc.ClientUnaryCall;
  getTask(argument: _orchestrator_v1_GetTaskRequest, callback: grpc.requestCallback<_orchestrator_v1_Task__Output>): grpc.ClientUnaryCall;
  
  HealthCheck(argument: _orchestrator_v1_HealthCheckRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_orchestrator_v1_HealthCheckResponse__Output>): grpc.ClientUnaryCall;
  HealthCheck(argument: _orchestrator_v1_HealthCheckRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_orchestrator_v1_HealthCheckResponse__Output>): grpc.ClientUnaryCall;
  HealthCheck(argument: _orchestrator_v1_HealthCheckRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_orchestrator_v1_HealthCheckResponse__Output>): grpc.ClientUnaryCall;
  HealthCheck(argument: _orchestrator_v1_HealthCheckRequest, callback: grpc.requestCallback<_orchestrator_v1_HealthCheckResponse__Output>): grpc.ClientUnaryCall;
  healthCheck(argument: _orchestrator_v1_HealthCheckRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_orchestrator_v1_HealthCheckResponse__Output>): grpc.ClientUnaryCall;
  healthCheck(argument: _orchestrator_v1_HealthCheckRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_orchestrator_v1_HealthCheckResponse__Output>): grpc.ClientUnaryCall;
  healthCheck(argument: _orchestrator_v1_HealthCheckRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_orchestrator_v1_HealthCheckResponse__Output>): grpc.ClientUnaryCall;
  healthCheck(argument: _orchestrator_v1_HealthCheckRequest, callback: grpc.requestCallback<_orchestrator_v1_HealthCheckResponse__Output>): grpc.ClientUnaryCall;
  
  ListTasks(argument: _orchestrator_v1_ListTasksRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_orchestrator_v1_ListTasksResponse__Output>): grpc.ClientUnaryCall;
  ListTasks(argument: _orchestrator_v1_ListTasksRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_orchestrator_v1_ListTasksResponse__Output>): grpc.ClientUnaryCall;
  ListTasks(argument: _orchestrator_v1_ListTasksRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_orchestrator_v1_ListTasksResponse__Output>): grpc.ClientUnaryCall;
  ListTasks(argument: _orchestrator_v1_ListTasksRequest, callback: grpc.requestCallback<_orchestrator_v1_ListTasksResponse__Output>): grpc.ClientUnaryCall;
  listTasks(argument: _orchestrator_v1_ListTasksRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_orchestrator_v1_ListTasksResponse__Output>): grpc.ClientUnaryCall;
  listTasks(argument: _orchestrator_v1_ListTasksRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_orchestrator_v1_ListTasksResponse__Output>): grpc.ClientUnaryCall;
  listTasks(argument: _orchestrator_v1_ListTasksRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_orchestrator_v1_ListTasksResponse__Output>): grpc.ClientUnaryCall;
  listTasks(argument: _orchestrator_v1_ListTasksRequest, callback: grpc.requestCallback<_orchestrator_v1_ListTasksResponse__Output>): grpc.ClientUnaryCall;
  
  SubmitTask(argument: _orchestrator_v1_TaskSpec, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_orchestrator_v1_TaskAccepted__Output>): grpc.ClientUnaryCall;
  SubmitTask(argument: _orchestrator_v1_TaskSpec, metadata: grpc.Metadata, callback: grpc.requestCallback<_orchestrator_v1_TaskAccepted__Output>): grpc.ClientUnaryCall;
  SubmitTask(argument: _orchestrator_v1_TaskSpec, options: grpc.CallOptions, callback: grpc.requestCallback<_orchestrator_v1_TaskAccepted__Output>): grpc.ClientUnaryCall;
  SubmitTask(argument: _orchestrator_v1_TaskSpec, callback: grpc.requestCallback<_orchestrator_v1_TaskAccepted__Output>): grpc.ClientUnaryCall;
  submitTask(argument: _orchestrator_v1_TaskSpec, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_orchestrator_v1_TaskAccepted__Output>): grpc.ClientUnaryCall;
  submitTask(argument: _orchestrator_v1_TaskSpec, metadata: grpc.Metadata, callback: grpc.requestCallback<_orchestrator_v1_TaskAccepted__Output>): grpc.ClientUnaryCall;
  submitTask(argument: _orchestrator_v1_TaskSpec, options: grpc.CallOptions, callback: grpc.requestCallback<_orchestrator_v1_TaskAccepted__Output>): grpc.ClientUnaryCall;
  submitTask(argument: _orchestrator_v1_TaskSpec, callback: grpc.requestCallback<_orchestrator_v1_TaskAccepted__Output>): grpc.ClientUnaryCall;
  
  SubmitTasks(metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_orchestrator_v1_SubmitTasksResponse__Output>): grpc.ClientWritableStream<_orchestrator_v1_TaskSpec>;
  SubmitTasks(metadata: grpc.Metadata, callback: grpc.requestCallback<_orchestrator_v1_SubmitTasksResponse__Output>): grpc.ClientWritableStream<_orchestrator_v1_TaskSpec>;
  SubmitTasks(options: grpc.CallOptions, callback: grpc.requestCallback<_orchestrator_v1_SubmitTasksResponse__Output>): grpc.ClientWritableStream<_orchestrator_v1_TaskSpec>;
  SubmitTasks(callback: grpc.requestCallback<_orchestrator_v1_SubmitTasksResponse__Output>): grpc.ClientWritableStream<_orchestrator_v1_TaskSpec>;
  submitTasks(metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_orchestrator_v1_SubmitTasksResponse__Output>): grpc.ClientWritableStream<_orchestrator_v1_TaskSpec>;
  submitTasks(metadata: grpc.Metadata, callback: grpc.requestCallback<_orchestrator_v1_SubmitTasksResponse__Output>): grpc.ClientWritableStream<_orchestrator_v1_TaskSpec>;
  submitTasks(options: grpc.CallOptions, callback: grpc.requestCallback<_orchestrator_v1_SubmitTasksResponse__Output>): grpc.ClientWritableStream<_orchestrator_v1_TaskSpec>;
  submitTasks(callback: grpc.requestCallback<_orchestrator_v1_SubmitTasksResponse__Output>): grpc.ClientWritableStream<_orchestrator_v1_TaskSpec>;
  
  SubscribeProgress(argument: _orchestrator_v1_ProgressRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_orchestrator_v1_TaskProgress__Output>;
  SubscribeProgress(argument: _orchestrator_v1_ProgressRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_orchestrator_v1_TaskProgress__Output>;
  subscribeProgress(argument: _orchestrator_v1_ProgressRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_orchestrator_v1_TaskProgress__Output>;
  subscribeProgress(argument: _orchestrator_v1_ProgressRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_orchestrator_v1_TaskProgress__Output>;
  
  WatchTasks(argument: _orchestrator_v1_WatchTasksRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_orchestrator_v1_TaskProgress__Output>;
  WatchTasks(argument: _orchestrator_v1_WatchTasksRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_orchestrator_v1_TaskProgress__Output>;
  watchTasks(argument: _orchestrator_v1_WatchTasksRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_orchestrator_v1_TaskProgress__Output>;
  watchTasks(argument: _orchestrator_v1_WatchTasksRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_orchestrator_v1_TaskProgress__Output>;
  
}

export interface GatewayHandlers extends grpc.UntypedServiceImplementation {
  CancelTask: grpc.handleUnaryCall<_orchestrator_v1_CancelTaskRequest__Output, _orchestrator_v1_CancelTaskResponse>;
  
  GetTask: grpc.handleUnaryCall<_orchestrator_v1_GetTaskRequest__Output, _orchestrator_v1_Task>;
  
  HealthCheck: grpc.handleUnaryCall<_orchestrator_v1_HealthCheckRequest__Output, _orchestrator_v1_HealthCheckResponse>;
  
  ListTasks: grpc.handleUnaryCall<_orchestrator_v1_ListTasksRequest__Output, _orchestrator_v1_ListTasksResponse>;
  
  SubmitTask: grpc.handleUnaryCall<_orchestrator_v1_TaskSpec__Output, _orchestrator_v1_TaskAccepted>;
  
  SubmitTasks: grpc.handleClientStreamingCall<_orchestrator_v1_TaskSpec__Output, _orchestrator_v1_SubmitTasksResponse>;
  
  SubscribeProgress: grpc.handleServerStreamingCall<_orchestrator_v1_ProgressRequest__Output, _orchestrator_v1_TaskProgress>;
  
  WatchTasks: grpc.handleServerStreamingCall<_orchestrator_v1_WatchTasksRequest__Output, _orchestrator_v1_TaskProgress>;
  
}

export interface GatewayDefinition extends grpc.ServiceDefinition {
  CancelTask: MethodDefinition<_orchestrator_v1_CancelTaskRequest, _orchestrator_v1_CancelTaskResponse, _orchestrator_v1_CancelTaskRequest__Output, _orchestrator_v1_CancelTaskResponse__Output>
  GetTask: MethodDefinition<_orchestrator_v1_GetTaskRequest, _orchestrator_v1_Task, _orchestrator_v1_GetTaskRequest__Output, _orchestrator_v1_Task__Output>
  HealthCheck: MethodDefinition<_orchestrator_v1_HealthCheckRequest, _orchestrator_v1_HealthCheckResponse, _orchestrator_v1_HealthCheckRequest__Output, _orchestrator_v1_HealthCheckResponse__Output>
  ListTasks: MethodDefinition<_orchestrator_v1_ListTasksRequest, _orchestrator_v1_ListTasksResponse, _orchestrator_v1_ListTasksRequest__Output, _orchestrator_v1_ListTasksResponse__Output>
  SubmitTask: MethodDefinition<_orchestrator_v1_TaskSpec, _orchestrator_v1_TaskAccepted, _orchestrator_v1_TaskSpec__Output, _orchestrator_v1_TaskAccepted__Output>
  SubmitTasks: MethodDefinition<_orchestrator_v1_TaskSpec, _orchestrator_v1_SubmitTasksResponse, _orchestrator_v1_TaskSpec__Output, _orchestrator_v1_SubmitTasksResponse__Output>
  SubscribeProgress: MethodDefinition<_orchestrator_v1_ProgressRequest, _orchestrator_v1_TaskProgress, _orchestrator_v1_ProgressRequest__Output, _orchestrator_v1_TaskProgress__Output>
  WatchTasks: MethodDefinition<_orchestrator_v1_WatchTasksRequest, _orchestrator_v1_TaskProgress, _orchestrator_v1_WatchTasksRequest__Output, _orchestrator_v1_TaskProgress__Output>
}
