// Original file: src/gateway/grpc/orchestrator.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { HealthCheckRequest as _orchestrator_v1_HealthCheckRequest, HealthCheckRequest__Output as _orchestrator_v1_HealthCheckRequest__Output } from '../../orchestrator/v1/HealthCheckRequest.js';
import type { HealthCheckResponse as _orchestrator_v1_HealthCheckResponse, HealthCheckResponse__Output as _orchestrator_v1_HealthCheckResponse__Output } from '../../orchestrator/v1/HealthCheckResponse.js';
import type { ListRunningRequest as _orchestrator_v1_ListRunningRequest, ListRunningRequest__Output as _orchestrator_v1_ListRunningRequest__Output } from '../../orchestrator/v1/ListRunningRequest.js';
import type { ListRunningResponse as _orchestrator_v1_ListRunningResponse, ListRunningResponse__Output as _orchestrator_v1_ListRunningResponse__Output } from '../../orchestrator/v1/ListRunningResponse.js';

export interface WorkerClient extends grpc.Client {
  HealthCheck(argument: _orchestrator_v1_HealthCheckRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_orchestrator_v1_HealthCheckResponse__Output>): grpc.ClientUnaryCall;
  HealthCheck(argument: _orchestrator_v1_HealthCheckRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_orchestrator_v1_HealthCheckResponse__Output>): grpc.ClientUnaryCall;
  HealthCheck(argument: _orchestrator_v1_HealthCheckRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_orchestrator_v1_HealthCheckResponse__Output>): grpc.ClientUnaryCall;
  HealthCheck(argument: _orchestrator_v1_HealthCheckRequest, callback: grpc.requestCallback<_orchestrator_v1_HealthCheckResponse__Output>): grpc.ClientUnaryCall;
  healthCheck(argument: _orchestrator_v1_HealthCheckRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_orchestrator_v1_HealthCheckResponse__Output>): grpc.ClientUnaryCall;
  healthCheck(argument: _orchestrator_v1_HealthCheckRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_orchestrator_v1_HealthCheckResponse__Output>): grpc.ClientUnaryCall;
  healthCheck(argument: _orchestrator_v1_HealthCheckRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_orchestrator_v1_HealthCheckResponse__Output>): grpc.ClientUnaryCall;
  healthCheck(argument: _orchestrator_v1_HealthCheckRequest, callback: grpc.requestCallback<_orchestrator_v1_HealthCheckResponse__Output>): grpc.ClientUnaryCall;
  
  ListRunning(argument: _orchestrator_v1_ListRunningRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_orchestrator_v1_ListRunningResponse__Output>): grpc.ClientUnaryCall;
  ListRunning(argument: _orchestrator_v1_ListRunningRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_orchestrator_v1_ListRunningResponse__Output>): grpc.ClientUnaryCall;
  ListRunning(argument: _orchestrator_v1_ListRunningRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_orchestrator_v1_ListRunningResponse__Output>): grpc.ClientUnaryCall;
  ListRunning(argument: _orchestrator_v1_ListRunningRequest, callback: grpc.requestCallback<_orchestrator_v1_ListRunningResponse__Output>): grpc.ClientUnaryCall;
  listRunning(argument: _orchestrator_v1_ListRunningRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_orchestrator_v1_ListRunningResponse__Output>): grpc.ClientUnaryCall;
  listRunning(argument: _orchestrator_v1_ListRunningRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_orchestrator_v1_ListRunningResponse__Output>): grpc.ClientUnaryCall;
  listRunning(argument: _orchestrator_v1_ListRunningRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_orchestrator_v1_ListRunningResponse__Output>): grpc.ClientUnaryCall;
  listRunning(argument: _orchestrator_v1_ListRunningRequest, callback: grpc.requestCallback<_orchestrator_v1_ListRunningResponse__Output>): grpc.ClientUnaryCall;
  
}

export interface WorkerHandlers extends grpc.UntypedServiceImplementation {
  HealthCheck: grpc.handleUnaryCall<_orchestrator_v1_HealthCheckRequest__Output, _orchestrator_v1_HealthCheckResponse>;
  
  ListRunning: grpc.handleUnaryCall<_orchestrator_v1_ListRunningRequest__Output, _orchestrator_v1_ListRunningResponse>;
  
}

export interface WorkerDefinition extends grpc.ServiceDefinition {
  HealthCheck: MethodDefinition<_orchestrator_v1_HealthCheckRequest, _orchestrator_v1_HealthCheckResponse, _orchestrator_v1_HealthCheckRequest__Output, _orchestrator_v1_HealthCheckResponse__Output>
  ListRunning: MethodDefinition<_orchestrator_v1_ListRunningRequest, _orchestrator_v1_ListRunningResponse, _orchestrator_v1_ListRunningRequest__Output, _orchestrator_v1_ListRunningResponse__Output>
}
