// Makes the pictures of the dashboard that stand in the README, of the demonstration of `dtr start` in a temporary folder:
//   npm run build && node docs/dashboard-pictures.mjs [FOLDER]
// It needs Chromium (apt-get install chromium, or CHROMIUM=/path/to/it).
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { connect } from '../dist/src/index.js'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const out = resolve(process.argv[2] ?? join(root, 'docs'))
const folder = mkdtempSync(join(tmpdir(), 'dtr-pictures-'))
// What the demonstration of `dtr start` checksums are the files below its folder: here large ones, so that it lasts. They are
// sparse and take no room on the disk. How large follows from how fast this machine is just now: some seconds for each.
const WORKERS = 4
const SLOTS = 3
const FILES = 300
const SECONDS = 3
const bytesASecond = measure()
for (let index = 0; index < FILES; index += 1) {
  const name = join(folder, 'reels', `reel-${String(index + 1).padStart(3, '0')}.mov`)
  mkdirSync(dirname(name), { recursive: true })
  writeFileSync(name, '')
  // The same shares each time, so that the pictures are alike.
  truncateSync(name, Math.round(bytesASecond * SECONDS * (0.3 + ((index * 7919) % 97) / 70)))
}
const dtr = [
  join(root, 'bin/dtr.js'),
  'start',
  '--workers',
  String(WORKERS),
  '--slots',
  String(SLOTS),
  '--http',
  'auto',
]
const cluster = spawn(process.execPath, dtr, { cwd: folder, stdio: 'ignore' })
try {
  let client
  while (client === undefined) client = await connect({ data: join(folder, '.dtr') }).catch(() => sleep(200))
  while ((await client.status()).workers.filter(({ state }) => state === 'ready').length < WORKERS) await sleep(100)
  const runs = join(folder, '.dtr/run')
  const gateway = await until(() =>
    readdirSync(runs)
      .map((name) => JSON.parse(readFileSync(join(runs, name), 'utf8')))
      .find(({ role }) => role === 'gateway'),
  )
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
    await sleep(32_000)
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
  client.close()
} finally {
  cluster.kill('SIGINT')
  await sleep(2_000)
  cluster.kill('SIGINT')
  if (cluster.exitCode === null) await new Promise((resolve) => cluster.once('exit', resolve))
  rmSync(folder, { recursive: true, force: true })
}

/** How much one of all slots together gets through. */
function measure() {
  const chunk = Buffer.alloc(1 << 20)
  const hash = createHash('sha256')
  const began = performance.now()
  let bytes = 0
  for (; performance.now() - began < 1_000; bytes += chunk.length) hash.update(chunk)
  return (bytes * Math.min(availableParallelism(), WORKERS * SLOTS)) / (WORKERS * SLOTS)
}

async function until(look) {
  for (;;) {
    const found = look()
    if (found !== undefined) return found
    await sleep(100)
  }
}
