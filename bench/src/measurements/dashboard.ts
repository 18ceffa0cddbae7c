// What a large cluster costs whoever looks at it: the dashboard in a real browser over a thousand workers and a million tasks
// that wait, while others end. Workers are only their half of the protocol; the browser shares the machine as well.
import { existsSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { type Browser, chromium, type Page } from 'playwright-core'
import { type Figure, median, percentile } from '../figures.js'
import { freePort } from '../free-port.js'
import { PAYLOAD } from '../system.js'
import { Dtr } from '../systems/dtr.js'
import { fill } from './backlog.js'
import type { FakeWorker } from './fake-worker.js'
import { joinFakes } from './fakes.js'

export interface DashboardOptions {
  readonly workers: number
  readonly pending: number
  /** Tasks that end a second. */
  readonly rate: number
  /** Each by a browser that has seen nothing of it before. */
  readonly visits: number
  /** So often each list of tasks is asked for. */
  readonly lists: number
  /** The page stays open for so long. */
  readonly openMs: number
  readonly tell: (line: string) => void
}

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium'
/** What the page asks for when a person chooses among tasks. */
const LISTS = ['', '&state=completed', '&state=pending', '&type=noop'] as const
const HEARTBEAT_MS = 2_000
const SLOTS = 2
const TICK_MS = 100
/** Between two looks at its heap. */
const LOOK_MS = 5_000

export async function dashboard(options: DashboardOptions): Promise<readonly Figure[] | undefined> {
  const { workers, pending, rate, tell } = options
  if (!existsSync(CHROMIUM)) {
    tell(`left out: there is no ${CHROMIUM} (apt-get install chromium)`)
    return undefined
  }
  const port = await freePort()
  const dtr = new Dtr({ workers: 0, http: port })
  const over = new AbortController()
  let fakes: readonly FakeWorker[] = []
  let browser: Browser | undefined
  try {
    await dtr.start()
    await fill(dtr, pending, 'nobody', {})
    tell(`${pending} tasks wait`)
    fakes = await joinFakes(dtr, workers, { heartbeatMs: HEARTBEAT_MS, slots: SLOTS })
    tell(`${workers} workers are there`)
    const working = work(dtr, rate, over.signal)
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-dev-shm-usage'] })
    const figures = await look(browser, `http://127.0.0.1:${port}`, options)
    over.abort()
    await working
    for (const { name, unit, values } of figures) tell(`${name}: ${values.map(Math.round).join(', ')} ${unit}`)
    return figures
  } finally {
    over.abort()
    await browser?.close()
    for (const fake of fakes) fake.end()
    await dtr.stop()
  }
}

/** So many tasks a second, until it is over. */
async function work(dtr: Dtr, rate: number, over: AbortSignal): Promise<void> {
  async function* inputs() {
    const began = performance.now()
    for (let given = 0; !over.aborted; await pause(TICK_MS)) {
      const due = ((performance.now() - began) / 1_000) * rate
      for (; given < due; given += 1) yield PAYLOAD
    }
  }
  for await (const { state } of dtr.client.map('noop', inputs())) {
    if (state !== 'completed') throw new Error(`a task was ${state}`)
  }
}

async function look(browser: Browser, url: string, options: DashboardOptions): Promise<readonly Figure[]> {
  const { visits, lists, openMs } = options
  const paints: number[] = []
  for (let visit = 0; visit < visits; visit += 1) {
    const context = await browser.newContext()
    paints.push(await paintedMs(await context.newPage(), url))
    await context.close()
  }
  const page = await browser.newPage()
  await paintedMs(page, url)
  const listed: number[] = []
  for (let n = 0; n < lists; n += 1) {
    for (const list of LISTS) listed.push(await pageMs(page, list))
  }
  const heap = await heapMiB(page, openMs)
  return [
    { name: 'first paint', unit: 'ms', values: paints },
    { name: 'a page of 50 tasks, median of four filters', unit: 'ms', values: [median(listed)] },
    { name: 'the same, 90th percentile', unit: 'ms', values: [percentile(listed, 0.9)] },
    { name: 'the same, slowest', unit: 'ms', values: [Math.max(...listed)] },
    { name: `the page's heap in ${Math.round(openMs / 60_000)} minutes`, unit: 'MiB', values: heap },
  ]
}

/** From the click to what is seen first. */
async function paintedMs(page: Page, url: string): Promise<number> {
  await page.goto(url)
  const paint = `new Promise((resolve) => new PerformanceObserver((list) => {
    for (const { name, startTime } of list.getEntries()) if (name === 'first-contentful-paint') resolve(startTime)
  }).observe({ type: 'paint', buffered: true }))`
  return page.evaluate<number>(paint)
}

/** As the page itself asks, beside all else that it asks. */
function pageMs(page: Page, list: string): Promise<number> {
  const ask = `(async () => {
    const began = performance.now()
    const answer = await fetch('/tasks?limit=50${list}')
    await answer.json()
    if (!answer.ok) throw new Error(answer.status)
    return performance.now() - began
  })()`
  return page.evaluate<number>(ask)
}

/** Now and then, garbage included. */
async function heapMiB(page: Page, openMs: number): Promise<readonly number[]> {
  const session = await page.context().newCDPSession(page)
  const seen: number[] = []
  for (const end = performance.now() + openMs; performance.now() < end; await pause(LOOK_MS)) {
    seen.push((await session.send('Runtime.getHeapUsage')).usedSize / 2 ** 20)
  }
  return seen
}
