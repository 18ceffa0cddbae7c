// The dashboard in a real browser, over a real cluster: a worker that is killed, tasks that are cancelled and sent back, a
// gateway that was away, a gateway that wants a key; and nothing in it that axe finds wrong.
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type Browser, chromium, type Page } from 'playwright-core'
import t from 'tap'
import { Cluster, until } from './cluster.js'
import { SleepyProxy } from './sleepy-proxy.js'

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium'
const there = existsSync(CHROMIUM)
if (!there) console.error(`NOT TESTED: the dashboard, for there is no ${CHROMIUM} (apt-get install chromium)`)
const skip = !there && process.env.DTR_REQUIRE_SERVICES !== '1' ? { skip: `no ${CHROMIUM}` } : {}
const PATIENCE_MS = 60_000
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

let browser: Browser | undefined
async function open(url: string, options: Parameters<Browser['newPage']>[0] = {}): Promise<Page> {
  browser ??= await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-dev-shm-usage'] })
  const page = await browser.newPage(options)
  page.setDefaultTimeout(PATIENCE_MS)
  await page.goto(url)
  return page
}
t.teardown(() => browser?.close())

/** What axe finds, as the ids of its rules and where. */
async function faults(page: Page): Promise<readonly string[]> {
  await page.evaluate(AXE)
  return page.evaluate(
    'axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + " " + nodes[0].html.slice(0, 200)))',
  )
}

t.test('a worker is killed, and the page tells where its tasks went', skip, async (t) => {
  const cluster = await Cluster.create(t)
  const { workers, client } = await cluster.start(2, ['--slots', '2'])
  const port = String(cluster.ports.first - 1)
  const gateway = (): ReturnType<Cluster['run']> => cluster.run(['gateway', '--http', port, '--data', cluster.data])
  let serving = gateway()
  await cluster.untilRecord(({ role }) => role === 'gateway', serving)
  const url = `http://127.0.0.1:${port}/`
  const problems: string[] = []
  const page = await open(url, { viewport: { width: 1280, height: 1000 } })
  page.on('pageerror', (error) => problems.push(String(error)))
  await page.getByText('2 workers ready, nothing runs').waitFor()
  await page.getByText('No tasks yet').waitFor()
  await page
    .locator('#workers tbody')
    .getByText(/^\d+ MiB$/)
    .nth(1)
    .waitFor()

  const gate = cluster.gate()
  const task = (key: string) =>
    client.submit('work', { key, gate: gate.gate, witness: cluster.witnessFile }, { description: key })
  const handles = await Promise.all(['a', 'b', 'c'].map(task))
  await page.getByText('3 of 4 slots busy').waitFor()
  const victim = (await client.status()).workers.find(({ running }) => running === 2)!
  const [index, other] = victim.name === 'w1' ? [0, 'w2'] : [1, 'w1']
  await until('the page to know what runs', async () => (await page.locator('#tasks .state.running').count()) === 3)
  workers[index]!.kill()
  const move = page.locator('.move')
  await move.getByText(`${victim.name} died`).waitFor()
  await move.getByText('with 2 tasks').waitFor()
  await move.getByText(`→ ${other}`).first().waitFor()

  // Who opens the page only now is told as well.
  const late = await open(url)
  await late.locator('.move').getByText(`${victim.name} died`).waitFor()
  await late.locator('.move').getByText(`→ ${other}`).first().waitFor()
  await late.close()

  // A pending or running task is cancelled from its own view, a cancelled one sent back.
  await page
    .locator('#tasks tbody tr', { hasText: handles[0]!.id.slice(-8) })
    .locator('button.link')
    .click()
  const dialog = page.locator('dialog.task')
  await dialog.getByText(handles[0]!.id).waitFor()
  t.same(await faults(page), [], 'a task')
  await dialog.getByRole('button', { name: 'Cancel…' }).click()
  await page.getByRole('button', { name: 'Cancel it' }).click()
  await dialog.locator('.state.cancelled').waitFor()
  await dialog.getByRole('button', { name: 'Retry…' }).click()
  await page.getByRole('button', { name: 'Retry it' }).click()
  await dialog.locator('.state.running, .state.pending').waitFor()
  await dialog.getByRole('button', { name: 'Close' }).click()

  // The gateway is away while everything ends; the page goes on by itself.
  serving.kill()
  await page.getByText('unreachable').waitFor()
  gate.open()
  await Promise.all(handles.slice(1).map((handle) => handle.ended()))
  serving = gateway()
  await page.getByText('unreachable').waitFor({ state: 'detached' })
  await until('the end of all', async () => (await page.locator('#tasks .state.completed').count()) === 3)

  // Many at once, with their number asked back.
  await page.getByLabel('choose all that are shown').check()
  await page.locator('#tasks').getByRole('button', { name: 'Retry 3…' }).click()
  await page.getByRole('button', { name: 'Retry 3 tasks' }).click()
  await page.getByText('3 kept').waitFor()
  t.same(await faults(page), [], 'light')
  await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' })
  t.same(await faults(page), [], 'dark')
  await page.setViewportSize({ width: 390, height: 844 })
  t.same(await faults(page), [], 'on a phone')
  t.equal(
    await page.evaluate('document.documentElement.scrollWidth <= innerWidth'),
    true,
    'nothing is beside the screen',
  )
  t.same(problems, [])
})

t.test('a gateway that wants a key is given it in the page, and never in a URL', skip, async (t) => {
  const cluster = await Cluster.create(t)
  const { client } = await cluster.start(0)
  const port = String(cluster.ports.first - 1)
  const serving = cluster.run(['gateway', '--http', port, '--http-auth', 'required', '--data', cluster.data])
  await cluster.untilRecord(({ role }) => role === 'gateway', serving)
  const page = await open(`http://127.0.0.1:${port}/`)
  const asked: string[] = []
  page.on('request', (request) => asked.push(request.url()))
  await page.getByText('This gateway asks for a key.').waitFor()
  t.same(await faults(page), [], 'the field')
  const { token } = await client.keys.create({ role: 'read' })
  await page.locator('input[name=key]').fill(token)
  await page.getByRole('button', { name: 'Use it' }).click()
  await page.getByText('no worker is ready').waitFor()
  t.ok(asked.length > 0)
  t.notOk(asked.some((url) => url.includes(token)))
})

t.test('a connection that falls asleep is noticed by its silence, and the page catches up', skip, async (t) => {
  const cluster = await Cluster.create(t)
  const { workers, client } = await cluster.start(2, ['--slots', '1'])
  const port = cluster.ports.first - 1
  const serving = cluster.run(['gateway', '--http', String(port), '--data', cluster.data])
  await cluster.untilRecord(({ role }) => role === 'gateway', serving)
  const proxy = await SleepyProxy.to(t, port)
  const page = await open(`http://127.0.0.1:${proxy.port}/`)
  await page.getByText('2 workers ready, nothing runs').waitFor()
  const gate = cluster.gate()
  const handle = await client.submit('work', { key: 'a', gate: gate.gate, witness: cluster.witnessFile })
  await page.getByText('1 of 2 slots busy').waitFor()

  proxy.sleep()
  await page.getByText('the gateway has said nothing for').waitFor()
  await page.getByText('what is shown is how it was then').waitFor()
  const victim = (await client.status()).workers.find(({ running }) => running === 1)!
  const other = victim.name === 'w1' ? 'w2' : 'w1'
  workers[victim.name === 'w1' ? 0 : 1]!.kill()
  await until('the task to go on elsewhere', async () => {
    const { workers } = await client.status()
    return workers.some(({ name, running }) => name === other && running === 1)
  })
  t.equal(await page.locator('.move').count(), 0, 'the page does not know')

  // What was open stays as it is, as after the sleep of a laptop: only new connections get through.
  proxy.wake()
  await page.locator('.move').getByText(`${victim.name} died`).waitFor()
  await page.locator('.move').getByText(`→ ${other}`).first().waitFor()
  await page.getByText('the gateway has said nothing for').waitFor({ state: 'detached' })
  gate.open()
  await handle.ended()
  await page.locator('#tasks .state.completed').waitFor()
  t.ok(proxy.stalled > 0, 'connections were held, not closed')
})

t.test('a key for one type: the page says what it shows, and shows it', skip, async (t) => {
  const cluster = await Cluster.create(t)
  const { client } = await cluster.start(1)
  const port = String(cluster.ports.first - 1)
  const serving = cluster.run(['gateway', '--http', port, '--http-auth', 'required', '--data', cluster.data])
  await cluster.untilRecord(({ role }) => role === 'gateway', serving)
  const { token } = await client.keys.create({ role: 'submit', types: ['work'] })
  const page = await open(`http://127.0.0.1:${port}/`)
  await page.locator('input[name=key]').fill(token)
  await page.getByRole('button', { name: 'Use it' }).click()
  await page.getByText('Your key is for work only').waitFor()
  await client.submit('nobody-serves-this', {})
  const gate = cluster.gate()
  const handle = await client.submit('work', { key: 'a', gate: gate.gate, witness: cluster.witnessFile })
  await page.locator('#tasks .state.running').waitFor()
  await page.getByText('1 worker ready').waitFor()
  t.same(await faults(page), [])
  gate.open()
  await handle.ended()
  await page.locator('#tasks .state.completed').waitFor()
  t.equal(await page.getByText('nobody-serves-this').count(), 0)
})
