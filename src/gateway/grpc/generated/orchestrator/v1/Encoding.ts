// Original file: src/gateway/grpc/orchestrator.proto

export const Encoding = {
  ENCODING_UNSPECIFIED: 'ENCODING_UNSPECIFIED',
  ENCODING_JSON: 'ENCODING_JSON',
  ENCODING_BYTES: 'ENCODING_BYTES',
} as const;

export type Encoding =
  | 'ENCODING_UNSPECIFIED'
  | 0
  | 'ENCODING_JSON'
  | 1
  | 'ENCODING_BYTES'
  | 2

export type Encoding__Output = typeof Encoding[keyof typeof Encoding]
