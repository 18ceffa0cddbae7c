// Original file: src/gateway/grpc/orchestrator.proto


export interface HealthCheckResponse {
  'healthy'?: (boolean);
  'version'?: (string);
  'service'?: (string);
  'message'?: (string);
}

export interface HealthCheckResponse__Output {
  'healthy': (boolean);
  'version': (string);
  'service': (string);
  'message': (string);
}
