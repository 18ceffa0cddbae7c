// The example of workers that vote, in a copy of its folder with the libraries that it locks: its models, one of them a
// transformer that is made here, and the session of its README with real processes.
import { execFile, spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { ROOT, run, temporaryFolder } from '../package/packed.js'
import { Cluster, Process, until } from '../processes/cluster.js'
import { writeTinyClassifier } from './tiny-classifier.js'

const exec = promisify(execFile)

interface Opinion {
  readonly label: string
  readonly confidence: number
}

interface Models {
  readonly loadModel: (name: string) => Promise<(text: string) => Opinion | Promise<Opinion>>
}

interface Theory {
  readonly voteOf: (draw: object) => { readonly wrong: number; readonly open: number }
  readonly autoOf: (game: object) => { readonly wrong: number; readonly votes: number }
}

const place = temporaryFolder(t)
const folder = join(place, 'examples/sentiment')
const PREFERS_CACHE = { ...process.env, npm_config_prefer_offline: 'true' }
const UNREACHABLE =
  /E(NOTFOUND|CONNREFUSED|CONNRESET|NETWORK|AI_AGAIN|TIMEDOUT|NOTCACHED|SOCKETTIMEOUT|403|404|5\d\d)\b/
const skip = await whyNot()
const noTransformer = skip === false ? await whyNoTransformer() : skip

/** Installs what the example locks, as its Makefile does. */
async function whyNot(): Promise<string | false> {
  const missing = ['make', 'curl', 'bash'].filter((tool) => spawnSync(tool, ['--version']).error !== undefined)
  if (missing.length > 0) return refuse(`${missing.join(', ')}: not there`)
  mkdirSync(folder, { recursive: true })
  const isOurs = (path: string): boolean => !/\/(node_modules|logs|\.dtr)$/.test(path)
  cpSync(join(ROOT, 'examples/sentiment'), folder, { recursive: true, filter: isOurs })
  for (const name of ['bin', 'dist', 'package.json']) symlinkSync(join(ROOT, name), join(place, name))
  const refused = await installing('install')
  return refused === false ? false : refuse(refused)
}

/** Of 300 MB more: where they are not to be had, the example is to work without them. */
async function whyNoTransformer(): Promise<string | false> {
  const refused = await installing('install-all')
  if (refused === false) return false
  console.error(`SKIPPED: ${refused}`)
  await run('make', ['install'], { cwd: folder, env: PREFERS_CACHE })
  return refused
}

/** @returns why the registry gives nothing; what is wrong otherwise is thrown */
async function installing(target: 'install' | 'install-all'): Promise<string | false> {
  try {
    await run('make', [target], { cwd: folder, env: PREFERS_CACHE })
    return false
  } catch (error) {
    if (UNREACHABLE.test(String(error))) return String(error)
    throw error
  }
}

function refuse(why: string): string {
  if (process.env.DTR_REQUIRE_SERVICES === '1') throw new Error(why)
  console.error(`SKIPPED: ${why}`)
  return why
}

const load = async <Module>(file: string): Promise<Module> => import(pathToFileURL(join(folder, file)).href)

t.test('the lexicons, and those who lie about them', { skip }, async (t) => {
  const { loadModel } = await load<Models>('models.mjs')
  const sentences = {
    positive: 'I absolutely love how this works!',
    negative: 'The worst phone, I hate it.',
    neutral: 'A door.',
  }
  for (const name of ['afinn', 'vader', 'wink']) {
    const model = await loadModel(name)
    for (const [label, text] of Object.entries(sentences)) {
      const opinion = await model(text)
      t.match(opinion, { label }, `${name}: ${text}`)
      t.ok(
        label === 'neutral' ? opinion.confidence <= 0.55 : opinion.confidence > 0.55,
        `${name}: ${opinion.confidence}`,
      )
      t.ok(opinion.confidence >= 0.5 && opinion.confidence <= 1)
    }
  }
  const [liar, conspirator] = [await loadModel('liar'), await loadModel('conspirator')]
  for (const [label, text] of Object.entries(sentences)) {
    const lies = await Promise.all(Array.from({ length: 40 }, async () => (await liar(text)).label))
    t.notOk(lies.includes(label), 'never the truth')
    t.equal(new Set(lies).size, 2, 'and not always the same')
    t.equal((await conspirator(text)).label, label === 'positive' ? 'negative' : 'positive')
  }
  await t.rejects(loadModel('bert'), {
    message: /there is no model "bert"; choose one of afinn, vader, wink, distilbert/,
  })
})

t.test('a transformer from a folder: a tiny one of two words', { skip: noTransformer }, async (t) => {
  const { loadModel } = await load<Models>('models.mjs')
  const before = process.env.SENTIMENT_MODEL_PATH
  t.teardown(() => {
    if (before === undefined) delete process.env.SENTIMENT_MODEL_PATH
    else process.env.SENTIMENT_MODEL_PATH = before
  })
  process.env.SENTIMENT_MODEL_PATH = join(place, 'tiny')
  mkdirSync(join(place, 'tiny'))
  await t.rejects(loadModel('distilbert'), {
    message: /tiny has neither onnx\/model.onnx nor onnx\/model_quantized.onnx/,
  })
  writeTinyClassifier(join(place, 'tiny'))
  const model = await loadModel('distilbert')
  // A word has the weight 3, against 0: 1 / (1 + e^-3).
  t.same(await model('I love it'), { label: 'positive', confidence: 0.953 })
  t.same(await model('I HATE it'), { label: 'negative', confidence: 0.953 })
  t.match(await model('Love, and again love, I said'), { label: 'positive', confidence: 0.998 })
  t.match(await model('love '.repeat(1_000)), { label: 'positive' }, 'what is too long is cut')
})

t.test('the theory: what can be counted on paper', { skip }, async (t) => {
  const { voteOf, autoOf } = await load<Theory>('theory.mjs')
  const draw = { honest: 7, liars: 3, lies: 1, most: 11 }
  const near = (found: number, wanted: number, what: string) =>
    t.ok(Math.abs(found - wanted) < 1e-12, `${what}: ${found}`)
  near(voteOf({ ...draw, quorum: 1 }).wrong, 0.3, 'one replica')
  near(voteOf({ ...draw, quorum: 2 }).wrong, (3 * 7 + 1) / 120, 'of 120 triples those with two or three liars')
  near(voteOf({ ...draw, quorum: 3 }).wrong, 21 / 252, 'of 252 fives those with all three')
  near(voteOf({ ...draw, quorum: 2, again: true }).wrong, 3 * 0.3 ** 2 * 0.7 + 0.3 ** 3, 'the binomial distribution')
  near(voteOf({ ...draw, quorum: 4 }).wrong, 0, 'three liars are no four votes')
  near(voteOf({ ...draw, quorum: 2, most: 2, lies: 2 }).open, (21 + 1.5) / 45, 'two votes that are not the same')

  // Nobody lies: ten votes of each are confirmed one by one, and then fewer and fewer are looked at.
  const trusting = autoOf({ honest: 10, liars: 0, lies: 1, tasks: 10_000 })
  t.equal(trusting.wrong, 0)
  t.ok(trusting.votes > 1.02 && trusting.votes < 1.1, `${trusting.votes}`)
  const lied = autoOf({ honest: 7, liars: 3, lies: 1, tasks: 10_000 })
  t.ok(lied.wrong > 0.12 && lied.wrong < 22 / 120, `fewer than of three replicas: ${lied.wrong}`)
})

t.test('the session of a market of models, as its document has it', { skip }, async (t) => {
  const { cluster, make } = await market(t)
  const http = cluster.ports.master + 1
  const type = async (line: string) => {
    const { stdout } = await exec('bash', ['-c', line.replace('localhost:8000', `localhost:${http}`)])
    return JSON.parse(stdout)
  }
  const dev = make('dev', `PORT=${http}`)
  await until('the coordinator', () => {
    if (dev.end !== undefined) throw new Error(dev.stderr)
    return dev.stdout.includes('\nstop ')
  })
  for (const name of ['alice', 'bob', 'carole']) make('worker', `WORKER_ID=${name}`)
  const client = await cluster.client()
  await cluster.untilReady(client, ['alice', 'bob', 'carole'])
  t.same(await type('curl -s http://localhost:8000/health'), { ok: true })
  const texts = ['I absolutely love how this works!', 'This system works perfectly!']
  for (const text of texts) {
    const { id } = await type(`curl -s -X POST http://localhost:8000/tasks \\
  -H "Content-Type: application/json" \\
  -d '{"text":"${text}"}'`)
    const told = await type(`curl -s 'http://localhost:8000/tasks/${id}?wait=120s&story=true'`)
    t.match(told, { status: 'completed', result: { label: 'positive' } })
    const votes = told.votes.map(({ vote, agreed }: { vote?: string; agreed?: boolean }) => [vote, agreed])
    t.same(votes, Array(3).fill(['"positive"', true]), 'three were asked, and waited for')
  }
  // As the coordinator of a market of models tells its users to expect it.
  t.same(await type('curl -s http://localhost:8000/leaderboard'), [
    { worker_id: 'alice', points: 2 },
    { worker_id: 'bob', points: 2 },
    { worker_id: 'carole', points: 2 },
  ])

  const submit = make('submit')
  t.match(await submit.ended, { code: 0 }, submit.stderr)
  t.match(submit.stdout, /"label": ?"positive"/)
  const leaderboard = make('leaderboard')
  t.match(await leaderboard.ended, { code: 0 }, leaderboard.stderr)
  t.match(leaderboard.stdout, /^sentiment +(afinn|vader|wink) +\d/m)
  const stop = make('stop')
  t.match(await stop.ended, { code: 0 }, stop.stderr)
  t.match(await dev.ended, { code: 0 }, dev.stderr)
})

t.test('the table of how often each is right', { skip }, async (t) => {
  const { stdout } = await run(process.execPath, ['accuracy.mjs', '30'], { cwd: folder, env: bare() })
  const rows = stdout
    .trim()
    .split('\n')
    .slice(2)
    .map((line) => line.split('|').slice(1, -1))
  t.equal(rows.length, 7)
  for (const [how, who, ...shares] of rows) {
    const sum = shares.reduce((sum, share) => sum + Number.parseFloat(share), 0)
    t.ok(Math.abs(sum - 100) < 0.5, `${how} ${who}: ${shares}`)
  }
})

/** What the targets of the Makefile start is ended with the test. */
async function market(t: Test) {
  const cluster = await Cluster.create(t)
  const { ports, data, logs } = cluster
  const environment = {
    ...bare(),
    ...{ DTR_PORT: String(ports.master), DTR_WORKER_PORTS: `${ports.first}-${ports.last}` },
    ...{ DTR_DATA: data, DTR_LOGS: logs },
  }
  const make = (...args: string[]): Process => {
    const child = spawn('make', ['--silent', ...args], {
      cwd: folder,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    return new Process(child)
  }
  return { cluster, make }
}

/** What the test runner gave this process is not for others. */
function bare(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _hooks, FORCE_COLOR: _colours, ...rest } = process.env
  return { ...rest, NO_COLOR: '1' }
}
