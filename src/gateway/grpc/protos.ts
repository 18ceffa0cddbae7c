// The services as the proto says them. It is read at start, from the sources that are part of the package: the types in
// `generated/` are made from the same file, and a test holds them to it.
import { resolve } from 'node:path'
import { type GrpcObject, loadPackageDefinition } from '@grpc/grpc-js'
import { loadSync, type MessageTypeDefinition, type Options, type PackageDefinition } from '@grpc/proto-loader'
import type { ProtoGrpcType as Healths } from './generated/health.js'
import type { ProtoGrpcType as Orchestrator } from './generated/orchestrator.js'

export const PROTO_FOLDER = resolve(import.meta.dirname, '../../../../src/gateway/grpc')
const OPTIONS: Options = { longs: Number, enums: String, defaults: true, oneofs: true, includeDirs: [PROTO_FOLDER] }

export type ServiceName = 'Gateway' | 'Scheduler' | 'Worker'

/** For reflection. */
export const definition: PackageDefinition = loadSync(
  ['orchestrator.proto', 'grpc/health/v1/health.proto', 'google/rpc/status.proto'],
  OPTIONS,
)

const loaded: GrpcObject = loadPackageDefinition(definition)

export const orchestrator = (loaded as unknown as Orchestrator).orchestrator.v1
export const health = (loaded as unknown as Healths).grpc.health.v1

/** A message of the protos that no method takes or answers. */
export function encode(name: string, value: object): Buffer {
  return (definition[name] as MessageTypeDefinition<object, object>).serialize(value)
}
