// Makes the pictures of the dashboard that stand in the README, of a cluster of its own in a temporary folder:
//   npm run build && node docs/dashboard-pictures.mjs [FOLDER]
// It needs Chromium (apt-get install chromium, or CHROMIUM=/path/to/it).
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { connect } from '../dist/src/index.js'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const out = resolve(process.argv[2] ?? join(root, 'docs'))
const folder = mkdtempSync(join(tmpdir(), 'dtr-pictures-'))
const TASKS = `
const wait = (ms, signal) => new Promise((resolve, reject) => {
  const timer = setTimeout(resolve, ms)
  signal.addEventListener('abort', () => { clearTimeout(timer); reject(signal.reason) }, { once: true })
})
const steps = async (ms, ctx, words) => {
  for (let step = 1; step <= 10; step += 1) {
    await wait(ms / 10, ctx.signal)
    ctx.progress(10 * step, words + ' ' + step + ' of 10')
    ctx.log(words + ' ' + step)
  }
}
export default {
  render: async ({ scene, ms }, ctx) => { await steps(ms, ctx, 'tile'); return { scene, tiles: 10 } },
  transcode: async ({ file, ms }, ctx) => { await steps(ms, ctx, 'segment'); return { file, bytes: 1048576 } },
  thumbnail: async ({ ms }, ctx) => { await wait(ms, ctx.signal); return 'ok' },
  fetch: async ({ ms, fails }, ctx) => {
    await wait(ms, ctx.signal)
    if (ctx.attempt <= fails) throw new Error('the origin answered 503')
    return { status: 200 }
  },
}`
writeFileSync(join(folder, 'tasks.mjs'), TASKS)
const dtr = [
  join(root, 'bin/dtr.js'),
  'start',
  '--workers',
  '4',
  '--slots',
  '3',
  '--http',
  'auto',
  '--tasks',
  'tasks.mjs',
]
const cluster = spawn(process.execPath, dtr, { cwd: folder, stdio: 'ignore' })
let over = false
try {
  let client
  while (client === undefined) client = await connect({ data: join(folder, '.dtr') }).catch(() => sleep(200))
  while ((await client.status()).workers.filter(({ state }) => state === 'ready').length < 4) await sleep(100)
  const runs = join(folder, '.dtr/run')
  const gateway = await until(() =>
    readdirSync(runs)
      .map((name) => JSON.parse(readFileSync(join(runs, name), 'utf8')))
      .find(({ role }) => role === 'gateway'),
  )
  // The same numbers each time, so that the pictures are alike.
  let seed = 7
  const random = () => {
    seed = (seed * 16807) % 2147483647
    return seed / 2147483647
  }
  const submit = () => {
    const draw = random()
    const ms = Math.round(1_500 + 7_000 * random())
    if (draw < 0.4)
      return client.submit(
        'render',
        { scene: `shot-${Math.ceil(90 * random())}`, ms },
        { description: 'a frame of the trailer' },
      )
    if (draw < 0.65) return client.submit('transcode', { file: `reel-${Math.ceil(90 * random())}.mov`, ms })
    if (draw < 0.87) return client.submit('thumbnail', { ms: ms / 5 })
    return client.submit(
      'fetch',
      { ms: ms / 4, fails: random() < 0.5 ? 1 : 99 },
      { retries: 1, description: 'the index of the archive' },
    )
  }
  const feeding = (async () => {
    while (!over) {
      const { counts } = await client.status()
      const pending = counts.filter(({ state }) => state === 'pending').reduce((sum, { count }) => sum + count, 0)
      if (pending < 8) await submit()
      else await sleep(100)
    }
  })()
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox'],
  })
  const shoot = async (name, options, act = async () => {}) => {
    const page = await browser.newPage({ viewport: { width: 1280, height: 1150 }, ...options })
    page.on('console', (message) => message.type() === 'error' && console.error(message.text()))
    page.on('pageerror', (error) => console.error(error))
    await page.goto(`http://127.0.0.1:${gateway.port}/`)
    await act(page)
    await page.screenshot({ path: join(out, `dashboard-${name}.png`) })
    await page.close()
  }
  await shoot('killed', { viewport: { width: 1280, height: 640 } }, async (page) => {
    await sleep(45_000)
    const [, victim] = (await client.status()).workers
    process.kill(victim.pid, 'SIGKILL')
    await sleep(3_000)
    await page.mouse.move(0, 0)
  })
  if (process.argv[3] === 'all') {
    await shoot('dark', { colorScheme: 'dark' }, () => sleep(15_000))
    await shoot('phone', { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 }, () => sleep(8_000))
    await shoot('below', { viewport: { width: 1280, height: 2400 } }, () => sleep(4_000))
  }
  await shoot('task', { colorScheme: 'dark', viewport: { width: 1280, height: 900 } }, async (page) => {
    await sleep(5_000)
    const moved = page.locator('.move .link:enabled').first()
    await ((await moved.count()) > 0 ? moved : page.locator('#tasks .link').first()).click()
    await sleep(2_000)
  })
  await browser.close()
  over = true
  await feeding
  client.close()
} finally {
  cluster.kill('SIGINT')
  await sleep(2_000)
  cluster.kill('SIGINT')
  if (cluster.exitCode === null) await new Promise((resolve) => cluster.once('exit', resolve))
  rmSync(folder, { recursive: true, force: true })
}

async function until(look) {
  for (;;) {
    const found = look()
    if (found !== undefined) return found
    await sleep(100)
  }
}
