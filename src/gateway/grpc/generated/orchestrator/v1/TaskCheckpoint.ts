// Original file: src/gateway/grpc/orchestrator.proto


export interface TaskCheckpoint {
  'taskId'?: (string);
  'leaseId'?: (string);
  'value'?: (string);
}

export interface TaskCheckpoint__Output {
  'taskId': (string);
  'leaseId': (string);
  'value': (string);
}
