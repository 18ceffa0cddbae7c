// Original file: src/gateway/grpc/orchestrator.proto


export interface ProgressRequest {
  'taskId'?: (string);
  'withLogs'?: (boolean);
}

export interface ProgressRequest__Output {
  'taskId': (string);
  'withLogs': (boolean);
}
