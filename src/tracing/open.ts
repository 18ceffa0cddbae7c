// Opens traces: the only file that knows who makes them, and loads it when it is asked.
import type { Tracing, TracingOptions } from './tracing.js'

let opened: Promise<Tracing | undefined> | undefined

/** One a process: whoever comes second is given the same. Undefined where OTEL_SDK_DISABLED says so. */
export function openTracing(options: TracingOptions): Promise<Tracing | undefined> {
  opened ??= load(options)
  return opened
}

async function load(options: TracingOptions): Promise<Tracing | undefined> {
  if (process.env.OTEL_SDK_DISABLED?.trim().toLowerCase() === 'true') return undefined
  const { OpenTelemetry } = await import('./open-telemetry.js')
  return new OpenTelemetry(options)
}

/** For the end of a process. */
export async function closeTracing(): Promise<void> {
  await (await opened)?.close()
}
