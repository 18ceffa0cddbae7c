// Original file: src/gateway/grpc/orchestrator.proto


export interface _orchestrator_v1_SubmitTasksResponse_Refusal {
  'index'?: (number);
  'code'?: (string);
  'message'?: (string);
}

export interface _orchestrator_v1_SubmitTasksResponse_Refusal__Output {
  'index': (number);
  'code': (string);
  'message': (string);
}

export interface SubmitTasksResponse {
  'received'?: (number);
  'accepted'?: (number);
  'refused'?: (number);
  'taskIds'?: (string)[];
  'unserved'?: (string)[];
  'refusals'?: (_orchestrator_v1_SubmitTasksResponse_Refusal)[];
}

export interface SubmitTasksResponse__Output {
  'received': (number);
  'accepted': (number);
  'refused': (number);
  'taskIds': (string)[];
  'unserved': (string)[];
  'refusals': (_orchestrator_v1_SubmitTasksResponse_Refusal__Output)[];
}
