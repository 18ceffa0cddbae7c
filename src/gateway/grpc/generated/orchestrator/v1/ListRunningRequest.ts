// Original file: src/gateway/grpc/orchestrator.proto


export interface ListRunningRequest {
}

export interface ListRunningRequest__Output {
}
