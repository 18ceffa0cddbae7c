// Original file: src/gateway/grpc/orchestrator.proto


export interface TaskError {
  'code'?: (string);
  'message'?: (string);
  'stack'?: (string);
  'exitCode'?: (number);
  'signal'?: (string);
  'processEnd'?: "exitCode"|"signal";
}

export interface TaskError__Output {
  'code': (string);
  'message': (string);
  'stack': (string);
  'exitCode'?: (number);
  'signal'?: (string);
  'processEnd'?: "exitCode"|"signal";
}
