// Original file: src/gateway/grpc/orchestrator.proto


export interface Lease {
  'taskId'?: (string);
  'leaseId'?: (string);
}

export interface Lease__Output {
  'taskId': (string);
  'leaseId': (string);
}
