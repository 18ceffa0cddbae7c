import type { WorkerField } from '../protocol/messages.js'

/** Of the worker and its hosts together, in bytes; nothing where it has not said (an older one, or one that has just come). */
export function memoryOf({ memoryBytes, hosts }: Pick<WorkerField, 'memoryBytes' | 'hosts'>): number | undefined {
  if (memoryBytes === undefined) return undefined
  return hosts.reduce((sum, host) => sum + (host.memoryBytes ?? 0), memoryBytes)
}
