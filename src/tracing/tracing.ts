// Traces of tasks, from submit to result, by OpenTelemetry: what the processes of dtr need of it (open.ts opens it).
//
// Off unless asked for: until `openTracing` is called nothing of it is loaded. What always holds: a trace is never waited for,
// but at the end of a process, and there no longer than CLOSE_MS; what cannot be delivered is dropped (P28, P23).
import type { DtrError } from '../errors.js'
import type { SubmittedTask } from '../protocol/messages.js'
import type { AttemptInput, AttemptOutcome, Control, Runner } from '../runner/runner.js'
import type { TraceContext } from './trace-context.js'

export interface Tracing {
  /** A task is submitted, within whatever span is active in its caller. */
  submit(task: SubmittedTask): SubmitSpan
  /** Runs an attempt: its span is active in all that it does. */
  run(attempt: AttemptInput, control: ToldControl, runner: Runner): Promise<AttemptOutcome>
  /** A span that is known afterwards. */
  record(span: PastSpan): void
  /** What is submitted in `work` belongs to the trace of this caller. */
  within<Value>(caller: TraceContext | undefined, work: () => Value): Value
  /** Delivers what has gathered; resolves after CLOSE_MS at the latest. */
  close(): Promise<void>
}

export interface ToldControl extends Control {
  /** Why the code was told to end, if it was. */
  readonly told: DtrError | undefined
}

export interface SubmitSpan {
  /** Of the task, with the context of its trace. */
  readonly meta: string | undefined
  accepted(existed: boolean): void
  refused(error: Error): void
}

/** An attempt that waited, or ran and was lost. */
export interface PastSpan {
  readonly operation: 'wait' | 'run'
  readonly parent: TraceContext
  readonly taskId: string
  readonly leaseId: string
  readonly type: string
  readonly queue: string
  readonly attempt: number
  readonly worker: string | undefined
  readonly fromMs: number
  readonly untilMs: number
  /** Why it was lost. */
  readonly error?: { readonly code: string; readonly message: string } | undefined
}

export interface TracingOptions {
  /** What it is called where OTEL_SERVICE_NAME says nothing. */
  readonly service: string
  /** Of this process, among those of the same service. */
  readonly name: string
  /** Whether it is there for all code of this process: users' own instrumentation, and `within`. */
  readonly forAll?: boolean
  /** Of what is done where no span is active. */
  readonly caller?: TraceContext | undefined
}

export const CLOSE_MS = 2_000
