// A gateway for a test, without its process: the table of routes over a master in this one.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance, InjectOptions } from 'fastify'
import type { Test } from 'tap'
import { Callers } from '../../src/gateway/callers.js'
import { ClusterLink } from '../../src/gateway/cluster-link.js'
import { buildApp } from '../../src/gateway/http/app.js'
import { Doors } from '../../src/gateway/http/doors.js'
import { Ends } from '../../src/gateway/http/ends.js'
import { Metrics } from '../../src/gateway/http/metrics.js'
import { ROUTES } from '../../src/gateway/http/routes.js'
import { type Client, connect, type MasterHandle, startMaster } from '../../src/index.js'
import { createLog } from '../../src/log.js'
import { freePorts } from '../processes/cluster.js'

export interface Answered {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | number | undefined>>
  readonly text: string
  /** Of an answer in JSON. */
  readonly body: Said
}

/** What was answered, of which a test knows what it is. */
// biome-ignore lint/suspicious/noExplicitAny: that is what JSON is
export type Said = any

export class Served {
  constructor(
    readonly app: FastifyInstance,
    readonly client: Client,
    readonly stopping: AbortController,
  ) {}

  async ask(
    method: 'GET' | 'POST' | 'DELETE',
    url: string,
    body?: unknown,
    more: InjectOptions = {},
  ): Promise<Answered> {
    const json = body === undefined ? {} : { payload: JSON.stringify(body) }
    const type = body === undefined ? {} : { 'content-type': 'application/json' }
    const answer = await this.app.inject({
      ...{ method, url, ...json, ...more },
      headers: { host: 'localhost', ...type, ...more.headers },
    })
    const isJson = /json/.test(String(answer.headers['content-type'])) && answer.body !== ''
    const { statusCode: status, headers, body: text } = answer
    return {
      status,
      headers,
      text,
      body: isJson && !/ndjson/.test(String(headers['content-type'])) ? JSON.parse(text) : undefined,
    }
  }
}

/** The routes over this client, which may be none that answers. */
export async function serve(t: Test, client: Client, dev = false, keys = false): Promise<Served> {
  const stopping = new AbortController()
  const link = new ClusterLink(client)
  const app = await buildApp({
    routes: ROUTES,
    serving: {
      link,
      ends: new Ends(),
      metrics: new Metrics(),
      defaults: { type: 'echo', textType: 'sentiment', maxAttempts: undefined },
      log: createLog({ name: 'gateway' }),
      version: '0.0.0',
      dev,
    },
    doors: new Doors([]),
    callers: new Callers(link, keys),
    stopping: stopping.signal,
  })
  t.teardown(async () => {
    stopping.abort()
    await app.close()
  })
  return new Served(app, client, stopping)
}

interface Place {
  readonly data: string
  readonly workerPorts: { readonly first: number; readonly last: number }
}

/** A master in a folder of its own, without workers. */
export async function serveMaster(
  t: Test,
  dev = false,
): Promise<Served & { readonly master: MasterHandle; readonly place: Place }> {
  const data = join(mkdtempSync(join(tmpdir(), 'dtr-test-')), '.dtr')
  const { master: port, first, last } = await freePorts()
  const master = await startMaster({ data, port, workerPorts: { first, last } })
  const client = await connect({ data })
  t.teardown(async () => {
    client.close()
    master.stop('the test is over', { now: true })
    await master.ended
    rmSync(join(data, '..'), { recursive: true, force: true })
  })
  return Object.assign(await serve(t, client, dev), { master, place: { data, workerPorts: { first, last } } })
}

/** A client that nobody may ask: what is refused is refused before. */
export function nobody(): Client {
  return new Proxy({} as Client, {
    get: (_target, name) => {
      throw new Error(`the cluster was asked: ${String(name)}`)
    },
  })
}
