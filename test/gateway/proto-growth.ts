// What of a proto programs hang on that others have compiled: messages, fields by number, values of enums, methods. Pure.
import {
  loadSync,
  type MessageTypeDefinition,
  type PackageDefinition,
  type ServiceDefinition,
} from '@grpc/proto-loader'

interface Field {
  readonly name: string
  readonly number: number
  readonly label: string
  readonly type: string
  readonly typeName: string
  readonly oneofIndex?: number
}

interface Described {
  readonly name: string
  readonly field?: readonly Field[]
  readonly value?: readonly { readonly name: string; readonly number: number }[]
}

/** Each thing that is promised, by what it is called: what it means on the wire. */
export type Promised = ReadonlyMap<string, string>

export function promisedBy(file: string): Promised {
  const promised = new Map<string, string>()
  const definition: PackageDefinition = loadSync(file, { keepCase: true, enums: String })
  for (const [name, defined] of Object.entries(definition)) {
    if (!name.startsWith('orchestrator.')) continue
    if (!('format' in defined)) addMethods(name, defined as ServiceDefinition, promised)
    else addParts(name, (defined as MessageTypeDefinition<object, object>).type as Described, promised)
  }
  return promised
}

function addMethods(service: string, methods: ServiceDefinition, promised: Map<string, string>): void {
  for (const { path, requestStream, responseStream, requestType, responseType } of Object.values(methods)) {
    const of = (stream: boolean, { type }: { type: object }) => `${stream ? 'stream ' : ''}${(type as Described).name}`
    promised.set(`${service} ${path}`, `${of(requestStream, requestType)} -> ${of(responseStream, responseType)}`)
  }
}

function addParts(name: string, { field = [], value = [] }: Described, promised: Map<string, string>): void {
  promised.set(name, 'is there')
  for (const { number, ...rest } of value) promised.set(`${name} = ${number}`, rest.name)
  for (const { number, label, type, typeName, ...rest } of field) {
    promised.set(`${name} = ${number}`, [rest.name, label, type, typeName].join(' '))
  }
}

/** What of `before` does not hold any more. */
export function broken(before: Promised, now: Promised): string[] {
  return [...before]
    .filter(([what, meaning]) => now.get(what) !== meaning)
    .map(([what, meaning]) => `${what}: was ${meaning}, is ${now.get(what) ?? 'gone'}`)
}
