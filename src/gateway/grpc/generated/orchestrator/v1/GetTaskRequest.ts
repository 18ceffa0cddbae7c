// Original file: src/gateway/grpc/orchestrator.proto


export interface GetTaskRequest {
  'taskId'?: (string);
  'withAttempts'?: (boolean);
}

export interface GetTaskRequest__Output {
  'taskId': (string);
  'withAttempts': (boolean);
}
