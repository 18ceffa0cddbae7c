// A collector of OpenTelemetry, in the test: takes spans as JSON by OTLP over HTTP.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import type { Test } from 'tap'
import { until } from './cluster.js'

export interface CollectedSpan {
  readonly service: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string | undefined
  readonly name: string
  readonly fromMs: number
  readonly untilMs: number
  readonly failed: boolean
  readonly attributes: Readonly<Record<string, unknown>>
}

export class Collector {
  readonly spans: CollectedSpan[] = []

  private constructor(readonly port: number) {}

  static async start(t: Test): Promise<Collector> {
    const server = createServer((request, response) => {
      void json(request).then((body) => {
        collector.spans.push(...spansIn(body as Body))
        response.setHeader('content-type', 'application/json').end('{}')
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const collector = new Collector((server.address() as AddressInfo).port)
    t.teardown(() => {
      server.closeAllConnections()
      server.close()
    })
    return collector
  }

  get environment(): NodeJS.ProcessEnv {
    return { DTR_OTEL: 'true', OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${this.port}` }
  }

  ofTask(id: string): readonly CollectedSpan[] {
    return this.spans.filter(({ attributes }) => attributes['messaging.message.id'] === id)
  }

  /** Spans of a task by their names, in the order of their attempts, when so many have come. */
  async untilTold(id: string, name: string, count = 1): Promise<readonly CollectedSpan[]> {
    const told = await until(`${count} spans ${name}`, () => {
      const found = this.ofTask(id).filter((span) => span.name === name)
      return found.length >= count && found
    })
    return told.toSorted((one, other) => one.fromMs - other.fromMs)
  }
}

interface Value {
  readonly stringValue?: string
  readonly intValue?: number | string
  readonly boolValue?: boolean
}
interface Attribute {
  readonly key: string
  readonly value: Value
}
interface Body {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] }
    readonly scopeSpans: readonly { readonly spans: readonly Span[] }[]
  }[]
}
interface Span {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly status?: { readonly code?: number }
  readonly attributes: readonly Attribute[]
}

const STATUS_ERROR = 2
const NANOS = 1_000_000

function spansIn({ resourceSpans }: Body): CollectedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = String(valuesOf(resource.attributes)['service.name'])
    return scopeSpans.flatMap(({ spans }) =>
      spans.map(({ traceId, spanId, parentSpanId, name, status, attributes, ...times }) => ({
        ...{ service, traceId, spanId, name, parentSpanId: parentSpanId === '' ? undefined : parentSpanId },
        fromMs: Number(times.startTimeUnixNano) / NANOS,
        untilMs: Number(times.endTimeUnixNano) / NANOS,
        failed: status?.code === STATUS_ERROR,
        attributes: valuesOf(attributes),
      })),
    )
  })
}

function valuesOf(attributes: readonly Attribute[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [key, value.stringValue ?? value.boolValue ?? Number(value.intValue)]),
  )
}
