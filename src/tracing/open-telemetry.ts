// Spans by the libraries of OpenTelemetry, sent as JSON by OTLP over HTTP to where the OTEL_* variables say. Where the program
// has registered a provider of its own before, spans are that one's, and nothing is sent from here.
import { createHash } from 'node:crypto'
import {
  type Attributes,
  type Context,
  context,
  createTraceState,
  DiagConsoleLogger,
  diag,
  ProxyTracerProvider,
  propagation,
  type Span,
  SpanKind,
  type SpanOptions,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  CompositePropagator,
  diagLogLevelFromString,
  getNumberFromEnv,
  getStringFromEnv,
  W3CBaggagePropagator,
  W3CTraceContextPropagator,
} from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, type IdGenerator, RandomIdGenerator, TracerProvider } from '@opentelemetry/sdk-trace'
import { DtrError } from '../errors.js'
import type { SubmittedTask } from '../protocol/messages.js'
import type { AttemptInput, AttemptOutcome, Runner } from '../runner/runner.js'
import { DEFAULT_QUEUE } from '../task/task.js'
import { samplerOf } from './sampler.js'
import { contextIn, contextOf, metaWith, metaWithout, type TraceContext } from './trace-context.js'
import {
  CLOSE_MS,
  type PastSpan,
  type SubmitSpan,
  type ToldControl,
  type Tracing,
  type TracingOptions,
} from './tracing.js'

/** What has gathered leaves so often: a process that is killed takes no more along. */
const DELAY_MS = 200
/** What a collector that does not answer is waited for, tries included. */
const EXPORT_MS = 5_000
const ATTRIBUTE_CHARS_MAX = 4_096

export class OpenTelemetry implements Tracing {
  readonly #tracer: Tracer
  readonly #caller: TraceContext | undefined
  readonly #name: string
  readonly #ids = new Ids()
  /** None where the program has its own. */
  readonly #provider: TracerProvider | undefined

  constructor(options: TracingOptions) {
    this.#caller = options.caller
    this.#name = options.name
    const level = getStringFromEnv('OTEL_LOG_LEVEL')
    if (level !== undefined) diag.setLogger(new DiagConsoleLogger(), diagLogLevelFromString(level))
    this.#provider = hasProvider() ? undefined : providerOf(options, this.#ids)
    if (this.#provider !== undefined && options.forAll === true) registerForAll(this.#provider)
    this.#tracer = (this.#provider ?? trace).getTracer('dtr')
    // Of a program that ends by itself: it lives until all is delivered, or CLOSE_MS are over.
    process.once('beforeExit', () => void this.close())
  }

  submit(task: SubmittedTask): SubmitSpan {
    const { id, type, queue = DEFAULT_QUEUE } = task
    const own = task.meta === undefined ? undefined : contextIn(task.meta)
    const parent = own === undefined ? this.#active() : contextFor(own)
    const attributes = {
      ...messageAttributes('submit', { taskId: id, type, queue }),
      'messaging.operation.type': 'send',
    }
    const span = this.#tracer.startSpan(`submit ${type}`, { kind: SpanKind.PRODUCER, attributes }, parent)
    const carried = traceContextOf(span)
    return {
      meta: carried === undefined ? task.meta : metaWith(task.meta, carried),
      accepted: (existed) => {
        if (existed) span.setAttribute('dtr.task.existed', true)
        span.end()
      },
      refused: (error) => {
        if (!span.isRecording()) return
        fail(span, error instanceof DtrError ? error.code : 'internal', error.message)
        span.end()
      },
    }
  }

  async run(attempt: AttemptInput, control: ToldControl, runner: Runner): Promise<AttemptOutcome> {
    const { meta, taskId, leaseId, type, queue } = attempt
    const parent = meta === undefined ? undefined : contextIn(meta)
    const span = this.#start(
      `run ${type}`,
      {
        kind: SpanKind.CONSUMER,
        attributes: {
          ...messageAttributes('run', { taskId, type, queue }),
          ...attemptAttributes(leaseId, attempt.attempt, this.#name),
        },
      },
      parent === undefined ? context.active() : contextFor(parent),
      spanIdOf(leaseId),
    )
    const own = meta === undefined ? undefined : metaWithout(meta)
    const { meta: _, ...rest } = attempt
    const given = { ...rest, ...present('meta', own), ...present('trace', traceContextOf(span)) }
    const outcome = await context.with(trace.setSpan(context.active(), span), () => runner.run(given, control))
    tell(span, outcome, control.told)
    span.end()
    return outcome
  }

  record(past: PastSpan): void {
    const { operation, parent, taskId, leaseId, type, queue, attempt, worker, fromMs, untilMs, error } = past
    // A run that was lost is the same span that its host had begun, and could not end.
    const id = operation === 'run' ? spanIdOf(leaseId) : undefined
    const span = this.#start(
      `${operation} ${type}`,
      {
        kind: operation === 'run' ? SpanKind.CONSUMER : SpanKind.INTERNAL,
        startTime: fromMs,
        attributes: {
          ...messageAttributes(operation, { taskId, type, queue }),
          ...attemptAttributes(leaseId, attempt, worker),
        },
      },
      contextFor(parent),
      id,
    )
    if (error !== undefined) fail(span, error.code, error.message)
    span.end(Math.max(fromMs, untilMs))
  }

  within<Value>(caller: TraceContext | undefined, work: () => Value): Value {
    return caller === undefined ? work() : context.with(contextFor(caller), work)
  }

  async close(): Promise<void> {
    if (this.#provider === undefined) return
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CLOSE_MS)
    })
    await Promise.race([this.#provider.shutdown().catch(() => {}), late])
    clearTimeout(timer)
  }

  /** @param id of the span, where it is not to be a random one */
  #start(name: string, options: SpanOptions, parent: Context, id?: string): Span {
    this.#ids.next = id
    const span = this.#tracer.startSpan(name, options, parent)
    this.#ids.next = undefined
    return span
  }

  #active(): Context {
    const active = context.active()
    if (this.#caller === undefined || trace.getSpanContext(active) !== undefined) return active
    return contextFor(this.#caller)
  }
}

/** The span of a run has the id that its lease gives it: who outlives its host can end it in its place. */
export function spanIdOf(leaseId: string): string {
  return createHash('sha256').update(leaseId).digest('hex').slice(0, 16)
}

/** Random ids, but for the next one that was named. */
class Ids implements IdGenerator {
  readonly #random = new RandomIdGenerator()
  next: string | undefined

  generateTraceId(): string {
    return this.#random.generateTraceId()
  }

  generateSpanId(): string {
    const { next } = this
    this.next = undefined
    return next ?? this.#random.generateSpanId()
  }
}

function hasProvider(): boolean {
  const provider = trace.getTracerProvider()
  return !(provider instanceof ProxyTracerProvider) || provider.getDelegateTracer('dtr') !== undefined
}

function providerOf({ service, name }: TracingOptions, idGenerator: IdGenerator): TracerProvider {
  const own = resourceFromAttributes({
    'service.name': service,
    'service.instance.id': name,
    'process.pid': process.pid,
  })
  const timeoutMs =
    getNumberFromEnv('OTEL_EXPORTER_OTLP_TRACES_TIMEOUT') ?? getNumberFromEnv('OTEL_EXPORTER_OTLP_TIMEOUT')
  const exporter = new OTLPTraceExporter({ timeoutMillis: timeoutMs ?? EXPORT_MS })
  const spans = new BatchSpanProcessor({
    exporter,
    scheduledDelayMillis: getNumberFromEnv('OTEL_BSP_SCHEDULE_DELAY') ?? DELAY_MS,
    ...present('maxQueueSize', getNumberFromEnv('OTEL_BSP_MAX_QUEUE_SIZE')),
    ...present('maxExportBatchSize', getNumberFromEnv('OTEL_BSP_MAX_EXPORT_BATCH_SIZE')),
  })
  return new TracerProvider({
    resource: defaultResource()
      .merge(own)
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [spans],
    spanLimits: { attributeValueLengthLimit: ATTRIBUTE_CHARS_MAX },
    idGenerator,
    ...present(
      'sampler',
      samplerOf(getStringFromEnv('OTEL_TRACES_SAMPLER'), getStringFromEnv('OTEL_TRACES_SAMPLER_ARG')),
    ),
  })
}

/** For whatever else is instrumented in this process. What the program has registered itself stays. */
function registerForAll(provider: TracerProvider): void {
  trace.setGlobalTracerProvider(provider)
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  propagation.setGlobalPropagator(
    new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] }),
  )
}

function present<Key extends string, Value>(key: Key, value: Value | undefined): { [Name in Key]?: Value } {
  return (value === undefined ? {} : { [key]: value }) as { [Name in Key]?: Value }
}

// --- Contexts ------------------------------------------------------------------------------------------------------------

function contextFor({ traceparent, tracestate }: TraceContext): Context {
  const [, traceId = '', spanId = '', flags = ''] = traceparent.split('-')
  return trace.setSpanContext(context.active(), {
    ...{ traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true },
    ...(tracestate !== undefined && { traceState: createTraceState(tracestate) }),
  })
}

/** Undefined where tracing is suppressed. */
function traceContextOf(span: Span): TraceContext | undefined {
  const { traceId, spanId, traceFlags, traceState } = span.spanContext()
  return contextOf(`00-${traceId}-${spanId}-0${traceFlags & 1}`, traceState?.serialize())
}

// --- What spans say (the conventions for messaging, and our own words) ---------------------------------------------------

function messageAttributes(
  operation: 'submit' | 'wait' | 'run',
  { taskId, type, queue }: { readonly taskId: string; readonly type: string; readonly queue: string },
): Attributes {
  return {
    'messaging.system': 'dtr',
    'messaging.operation.name': operation,
    ...(operation === 'run' && { 'messaging.operation.type': 'process' }),
    'messaging.destination.name': queue,
    'messaging.message.id': taskId,
    'dtr.task.type': type,
  }
}

function attemptAttributes(leaseId: string, attempt: number, worker: string | undefined): Attributes {
  return { 'dtr.task.attempt': attempt, 'dtr.lease.id': leaseId, ...present('dtr.worker.name', worker) }
}

function tell(span: Span, outcome: AttemptOutcome, told: DtrError | undefined): void {
  if (outcome.kind !== 'failed') {
    span.setAttribute('dtr.attempt.outcome', outcome.kind)
    return
  }
  const { code, message, stack, exitCode, signal } = outcome.error
  span.setAttributes({
    'dtr.attempt.outcome': 'failed',
    ...present('process.exit.code', exitCode),
    ...present('dtr.process.signal', signal),
  })
  if (stack !== undefined) span.recordException({ name: code, message, stack })
  // What was told to end says so in words of its own.
  fail(span, told?.code ?? code, message)
}

function fail(span: Span, code: string, message: string): void {
  span.setAttribute('error.type', code)
  span.setStatus({ code: SpanStatusCode.ERROR, message: message.slice(0, ATTRIBUTE_CHARS_MAX) })
}
