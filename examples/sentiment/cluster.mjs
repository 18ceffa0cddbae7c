// A cluster for the two programs of this folder: a master in a folder of its own, and workers with names and models, each a
// process of its own that is found over TCP. All of it ends with `stop`.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { startCluster } from '../../dist/src/index.js'

const BIN = fileURLToPath(new URL('../../bin/dtr.js', import.meta.url))
const POLL_MS = 50
/** Ports beside those that a cluster in use here would have, so that neither finds the other's workers. */
const PORT = 15_999
const WORKER_PORTS = '16000-16099'

/**
 * @param {Readonly<Record<string, string>>} models of the workers, by their names
 * @param {Readonly<Record<string, unknown>>} settings of the master
 * @param {string} module of this folder, with their tasks
 */
export async function start(models, settings = {}, module = 'tasks.mjs') {
  const tasks = fileURLToPath(new URL(module, import.meta.url))
  const folder = mkdtempSync(join(tmpdir(), 'dtr-sentiment-'))
  const data = join(folder, 'data')
  const logs = join(folder, 'logs')
  const cluster = await startCluster({
    ...{ workers: 0, tasks: [tasks], http: 'off', port: PORT, workerPorts: WORKER_PORTS, data, logs, logLevel: 'warn' },
    ...settings,
  })
  const client = await cluster.client()
  const workers = Object.entries(models).map(([name, model]) => {
    const where = ['--data', data, '--logs', logs, '--log-level', 'warn', '--worker-ports', WORKER_PORTS]
    const args = ['worker', '--id', name, '--model', model, '--tasks', tasks, '--slots', '4', ...where]
    const environment = { ...process.env, SENTIMENT_MODEL: model }
    const child = spawn(process.execPath, [BIN, ...args], { env: environment, stdio: ['ignore', 'ignore', 'inherit'] })
    return { name, child, ended: new Promise((resolve) => child.once('close', resolve)) }
  })

  async function stop() {
    client.close()
    for (const { child } of workers) child.kill('SIGTERM')
    await Promise.all(workers.map(({ ended }) => ended))
    await cluster.stop()
    rmSync(folder, { recursive: true, force: true })
  }

  try {
    await untilReady(client, workers)
  } catch (error) {
    await stop()
    throw error
  }
  return { client, stop }
}

async function untilReady(client, workers) {
  for (;;) {
    const ready = (await client.status()).workers.filter(({ state }) => state === 'ready').map(({ name }) => name)
    if (workers.every(({ name }) => ready.includes(name))) return
    const gone = workers.find(({ child }) => child.exitCode !== null)
    if (gone !== undefined) throw new Error(`the worker ${gone.name} ended with ${gone.child.exitCode}`)
    await pause(POLL_MS)
  }
}

/**
 * The UCI set "Sentiment Labelled Sentences" (Kotzias and others, KDD 2015; CC BY 4.0): 3,000 sentences of reviews from
 * amazon.com, imdb.com and yelp.com, half of them positive and half negative. The package `sentiment` brings it.
 * @returns {{ text: string, label: 'positive' | 'negative' }[]}
 */
export function sentences() {
  const require = createRequire(import.meta.url)
  return ['amazon', 'imdb', 'yelp'].flatMap((shop) =>
    require(`sentiment/test/fixtures/${shop}.json`)
      // Each file ends with one that is empty.
      .filter(({ text }) => text !== '')
      .map(({ text, class: isPositive }) => ({ text, label: isPositive === 1 ? 'positive' : 'negative' })),
  )
}
