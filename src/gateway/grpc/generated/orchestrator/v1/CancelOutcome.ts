// Original file: src/gateway/grpc/orchestrator.proto

export const CancelOutcome = {
  CANCEL_OUTCOME_UNSPECIFIED: 'CANCEL_OUTCOME_UNSPECIFIED',
  CANCEL_OUTCOME_CANCELLED: 'CANCEL_OUTCOME_CANCELLED',
  CANCEL_OUTCOME_CANCELLING: 'CANCEL_OUTCOME_CANCELLING',
  CANCEL_OUTCOME_ENDED: 'CANCEL_OUTCOME_ENDED',
} as const;

export type CancelOutcome =
  | 'CANCEL_OUTCOME_UNSPECIFIED'
  | 0
  | 'CANCEL_OUTCOME_CANCELLED'
  | 1
  | 'CANCEL_OUTCOME_CANCELLING'
  | 2
  | 'CANCEL_OUTCOME_ENDED'
  | 3

export type CancelOutcome__Output = typeof CancelOutcome[keyof typeof CancelOutcome]
