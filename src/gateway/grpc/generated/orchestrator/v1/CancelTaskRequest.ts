// Original file: src/gateway/grpc/orchestrator.proto


export interface CancelTaskRequest {
  'taskId'?: (string);
}

export interface CancelTaskRequest__Output {
  'taskId': (string);
}
