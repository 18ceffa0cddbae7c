// Original file: src/gateway/grpc/orchestrator.proto


export interface Returned {
  'started'?: (boolean);
}

export interface Returned__Output {
  'started': (boolean);
}
