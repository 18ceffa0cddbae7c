// Original file: src/gateway/grpc/orchestrator.proto


export interface HealthCheckRequest {
}

export interface HealthCheckRequest__Output {
}
