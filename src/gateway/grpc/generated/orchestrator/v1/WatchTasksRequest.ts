// Original file: src/gateway/grpc/orchestrator.proto


export interface WatchTasksRequest {
  'taskIds'?: (string)[];
  'withLogs'?: (boolean);
}

export interface WatchTasksRequest__Output {
  'taskIds': (string)[];
  'withLogs': (boolean);
}
