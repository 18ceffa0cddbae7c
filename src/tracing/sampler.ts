// Which traces are kept, as OTEL_TRACES_SAMPLER says. Whoever comes with a trace has decided for all of it.
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace'

/** Undefined where nothing, or nothing known, is said: then all are kept, but what a caller does not want kept. */
export function samplerOf(name: string | undefined, argument: string | undefined): Sampler | undefined {
  const [, parentBased, kind] = /^(parentbased_)?(always_on|always_off|traceidratio)$/.exec(name?.trim() ?? '') ?? []
  if (kind === undefined) return undefined
  const root = rootOf(kind, argument)
  return parentBased === undefined ? root : new ParentBasedSampler({ root })
}

function rootOf(kind: string, argument: string | undefined): Sampler {
  if (kind === 'always_on') return new AlwaysOnSampler()
  if (kind === 'always_off') return new AlwaysOffSampler()
  const ratio = Number(argument ?? '1')
  return new TraceIdRatioBasedSampler(ratio >= 0 && ratio <= 1 ? ratio : 1)
}
