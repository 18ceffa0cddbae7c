// gRPC for a test, without its process: the services over a client in this one, and the client of grpc-js on the other side.
import type { AddressInfo, Server } from 'node:net'
import {
  credentials,
  Metadata,
  type requestCallback,
  type ServerOptions,
  type ServiceError,
  status,
} from '@grpc/grpc-js'
import type { MessageTypeDefinition } from '@grpc/proto-loader'
import type { Test } from 'tap'
import { systemClock } from '../../src/clock.js'
import { Callers } from '../../src/gateway/callers.js'
import { ClusterLink } from '../../src/gateway/cluster-link.js'
import { buildClusterPort } from '../../src/gateway/grpc/cluster-port.js'
import type { GatewayClient } from '../../src/gateway/grpc/generated/orchestrator/v1/Gateway.js'
import type { SchedulerClient } from '../../src/gateway/grpc/generated/orchestrator/v1/Scheduler.js'
import { definition, orchestrator } from '../../src/gateway/grpc/protos.js'
import type { Client } from '../../src/index.js'
import { createLog } from '../../src/log.js'

export interface GrpcServed {
  readonly address: string
  readonly gateway: GatewayClient
  readonly scheduler: SchedulerClient
  readonly stopping: AbortController
  readonly server: Server
}

export async function serveGrpc(
  t: Test,
  client: Client,
  keys = false,
  limits: ServerOptions = {},
): Promise<GrpcServed> {
  const stopping = new AbortController()
  const link = new ClusterLink(client)
  const serving = {
    ...{ link, callers: new Callers(link, keys), clock: systemClock, log: createLog({ name: 'gateway' }) },
    ...{ version: '0.0.0', stopping: stopping.signal },
  }
  const port = buildClusterPort(['Gateway', 'Scheduler'], serving, limits)
  await new Promise<void>((resolve) => port.server.listen(0, '127.0.0.1', resolve))
  const address = `127.0.0.1:${(port.server.address() as AddressInfo).port}`
  const gateway = new orchestrator.Gateway(address, credentials.createInsecure())
  const scheduler = new orchestrator.Scheduler(address, credentials.createInsecure())
  t.teardown(async () => {
    stopping.abort()
    gateway.close()
    scheduler.close()
    const closed = new Promise((resolve) => port.server.once('close', resolve))
    port.stop()
    port.stopNow()
    await closed
  })
  return { address, gateway, scheduler, stopping, server: port.server }
}

/** The last of the shapes that a generated method has, by which the compiler knows it. */
type Unary<Request, Response> = (request: Request, answer: requestCallback<Response>) => unknown

/** What a method without streams answers. @param said the key of the caller, or all that it says */
export function ask<Request, Response>(
  client: object,
  method: Unary<Request, Response>,
  request: Request,
  said?: string | Metadata,
): Promise<Response> {
  const withMetadata = method as unknown as (...of: readonly unknown[]) => unknown
  return new Promise((resolve, reject) => {
    const answer: requestCallback<Response> = (error, response) =>
      error === null ? resolve(response as Response) : reject(error)
    withMetadata.call(client, request, said instanceof Metadata ? said : metadataOf(said), answer)
  })
}

export function metadataOf(key: string | undefined): Metadata {
  const metadata = new Metadata()
  if (key !== undefined) metadata.set('authorization', `Bearer ${key}`)
  return metadata
}

/** An error as a program reads it: its status by name, its reason, and the details by the names of their types. */
export function toldBy(error: ServiceError): Record<string, unknown> {
  const [bytes] = error.metadata.get('grpc-status-details-bin')
  const { details } = decode('google.rpc.Status', bytes as Buffer) as { details: { type_url: string; value: Buffer }[] }
  const told = details.map(({ type_url, value }) => {
    const name = type_url.replace('type.googleapis.com/', '')
    return [name.replace('google.rpc.', ''), decode(name, value)]
  })
  return { status: status[error.code], text: error.details, ...Object.fromEntries(told) }
}

function decode(name: string, bytes: Buffer): unknown {
  return (definition[name] as MessageTypeDefinition<object, object>).deserialize(bytes)
}

export async function refusal(work: Promise<unknown>): Promise<Record<string, unknown>> {
  try {
    await work
  } catch (error) {
    return toldBy(error as ServiceError)
  }
  throw new Error('it was not refused')
}

/** All that a stream says until it ends. @throws what it ends with */
export async function all<Message>(stream: AsyncIterable<Message>): Promise<Message[]> {
  const messages: Message[] = []
  for await (const message of stream) messages.push(message)
  return messages
}
