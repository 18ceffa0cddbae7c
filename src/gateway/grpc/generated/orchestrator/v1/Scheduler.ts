// Original file: src/gateway/grpc/orchestrator.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { HealthCheckRequest as _orchestrator_v1_HealthCheckRequest, HealthCheckRequest__Output as _orchestrator_v1_HealthCheckRequest__Output } from '../../orchestrator/v1/HealthCheckRequest.js';
import type { HealthCheckResponse as _orchestrator_v1_HealthCheckResponse, HealthCheckResponse__Output as _orchestrator_v1_HealthCheckResponse__Output } from '../../orchestrator/v1/HealthCheckResponse.js';
import type { TaskAssignment as _orchestrator_v1_TaskAssignment, TaskAssignment__Output as _orchestrator_v1_TaskAssignment__Output } from '../../orchestrator/v1/TaskAssignment.js';
import type { WorkerResponse as _orchestrator_v1_WorkerResponse, WorkerResponse__Output as _orchestrator_v1_WorkerResponse__Output } from '../../orchestrator/v1/WorkerResponse.js';

export interface SchedulerClient extends grpc.Client {
  HealthCheck(argument: _orchestrator_v1_HealthCheckRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_orchestrator_v1_HealthCheckResponse__Output>): grpc.ClientUnaryCall;
  HealthCheck(argument: _orchestrator_v1_HealthCheckRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_orchestrator_v1_HealthCheckResponse__Output>): grpc.ClientUnaryCall;
  HealthCheck(argument: _orchestrator_v1_HealthCheckRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_orchestrator_v1_HealthCheckResponse__Output>): grpc.ClientUnaryCall;
  HealthCheck(argument: _orchestrator_v1_HealthCheckRequest, callback: grpc.requestCallback<_orchestrator_v1_HealthCheckResponse__Output>): grpc.ClientUnaryCall;
  healthCheck(argument: _orchestrator_v1_HealthCheckRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_orchestrator_v1_HealthCheckResponse__Output>): grpc.ClientUnaryCall;
  healthCheck(argument: _orchestrator_v1_HealthCheckRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_orchestrator_v1_HealthCheckResponse__Output>): grpc.ClientUnaryCall;
  healthCheck(argument: _orchestrator_v1_HealthCheckRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_orchestrator_v1_HealthCheckResponse__Output>): grpc.ClientUnaryCall;
  healthCheck(argument: _orchestrator_v1_HealthCheckRequest, callback: grpc.requestCallback<_orchestrator_v1_HealthCheckResponse__Output>): grpc.ClientUnaryCall;
  
  RegisterWorker(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_orchestrator_v1_WorkerResponse, _orchestrator_v1_TaskAssignment__Output>;
  RegisterWorker(options?: grpc.CallOptions): grpc.ClientDuplexStream<_orchestrator_v1_WorkerResponse, _orchestrator_v1_TaskAssignment__Output>;
  registerWorker(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_orchestrator_v1_WorkerResponse, _orchestrator_v1_TaskAssignment__Output>;
  registerWorker(options?: grpc.CallOptions): grpc.ClientDuplexStream<_orchestrator_v1_WorkerResponse, _orchestrator_v1_TaskAssignment__Output>;
  
}

export interface SchedulerHandlers extends grpc.UntypedServiceImplementation {
  HealthCheck: grpc.handleUnaryCall<_orchestrator_v1_HealthCheckRequest__Output, _orchestrator_v1_HealthCheckResponse>;
  
  RegisterWorker: grpc.handleBidiStreamingCall<_orchestrator_v1_WorkerResponse__Output, _orchestrator_v1_TaskAssignment>;
  
}

export interface SchedulerDefinition extends grpc.ServiceDefinition {
  HealthCheck: MethodDefinition<_orchestrator_v1_HealthCheckRequest, _orchestrator_v1_HealthCheckResponse, _orchestrator_v1_HealthCheckRequest__Output, _orchestrator_v1_HealthCheckResponse__Output>
  RegisterWorker: MethodDefinition<_orchestrator_v1_WorkerResponse, _orchestrator_v1_TaskAssignment, _orchestrator_v1_WorkerResponse__Output, _orchestrator_v1_TaskAssignment__Output>
}
