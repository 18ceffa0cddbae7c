// How often the canonical result is wrong where 3 of 10 workers lie, and what it costs to know better: 10,000 tasks on a real
// cluster for each number of replicas, with liars who lie at random and with liars who agree, beside the theory.
//
//   node measure.mjs              all of it; writes measured.json, and of that the table and the plot of README.md
//   node measure.mjs 10000 3 auto some rows anew
//   node measure.mjs 500          a first look: writes nothing
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, loadavg } from 'node:os'
import { sentences, start } from './cluster.mjs'
import { loadModel } from './models.mjs'
import { plotOf } from './plot.mjs'
import { percent, put, tableOf } from './report.mjs'
import { autoOf, voteOf } from './theory.mjs'

const TASKS = 10_000
const HONEST = 7
const LIARS = 3
/** How they lie: by which model, and to how many wrong answers. */
const WAYS = {
  'at random': { model: 'liar', lies: 2 },
  together: { model: 'conspirator', lies: 1 },
}
const ON = { voteOn: '/label' }
/** How tasks are voted on; where not all of the cluster is as it comes, its settings. Liars stay, unless it is said. */
const STAY = { quarantine: 1 }
const VOTES = {
  1: { voting: {}, settings: STAY, replicas: 1 },
  3: { voting: { ...ON, replicas: 3 }, settings: STAY, replicas: 3 },
  5: { voting: { ...ON, replicas: 5 }, settings: STAY, replicas: 5 },
  auto: { voting: { ...ON, replicas: 'auto' }, settings: STAY, replicas: 'auto' },
  'auto, quarantine': { voting: { ...ON, replicas: 'auto' }, settings: {} },
}
const FILE = new URL('measured.json', import.meta.url)

const [count = TASKS, ...asked] = process.argv.slice(2)
const tasks = Number(count)
const chosen = asked.length === 0 ? Object.keys(VOTES) : asked
if (!Number.isInteger(tasks) || tasks < 1) throw new Error(`${count} is not a number of tasks`)
for (const votes of chosen) {
  if (!Object.hasOwn(VOTES, votes)) throw new Error(`${votes} is not one of ${Object.keys(VOTES).join(', ')}`)
}

const isRight = await loadModel('afinn')
const set = sentences()
const inputs = Array.from({ length: tasks }, (_, index) => ({ text: set[index % set.length].text }))
const truth = inputs.map(({ text }) => isRight(text).label)

const known = tasks === TASKS && existsSync(FILE) ? JSON.parse(readFileSync(FILE, 'utf8')) : []
const rows = []
for (const way of Object.keys(WAYS)) {
  for (const votes of Object.keys(VOTES)) {
    const row = chosen.includes(votes) ? await measured(way, votes) : known.find((row) => isSame(row, { way, votes }))
    if (row !== undefined) rows.push(row)
  }
}
const beside = rows.map((row) => ({ ...row, ...theoryOf(row.way, row.votes) }))
const table = written(beside)
console.log(table)
if (tasks === TASKS) {
  writeFileSync(FILE, `${JSON.stringify(rows, null, 2)}\n`)
  writeFileSync(new URL('wrong.svg', import.meta.url), plotOf(beside))
  put('measured', table)
}

async function measured(way, votes) {
  const { client, stop } = await start(workersOf(WAYS[way].model), VOTES[votes].settings, 'slow-tasks.mjs')
  const began = performance.now()
  try {
    let wrong = 0
    let none = 0
    for await (const { index, state, result } of client.map('sentiment', inputs, VOTES[votes].voting)) {
      if (state !== 'completed') none += 1
      else if (result.label !== truth[index]) wrong += 1
    }
    const seconds = Math.round((performance.now() - began) / 1_000)
    const executions = (await client.status()).workers.reduce((sum, { completed }) => sum + completed, 0)
    const row = {
      ...{ way, votes, wrong: wrong / tasks, none: none / tasks, executions: executions / tasks },
      ...{ seconds, load: Math.round(loadavg()[0]) },
    }
    console.error(JSON.stringify(row))
    return row
  } finally {
    await stop()
  }
}

function workersOf(model) {
  const names = Array.from({ length: HONEST + LIARS }, (_, index) => `w${index + 1}`)
  // Liars stand among the others, as they would.
  return Object.fromEntries(names.map((name, index) => [name, index % 3 === 1 ? model : 'afinn']))
}

/** None where liars are sent away: then it depends on how long that takes. */
function theoryOf(way, votes) {
  const { replicas } = VOTES[votes]
  if (replicas === undefined) return {}
  const draw = { honest: HONEST, liars: LIARS, lies: WAYS[way].lies }
  if (replicas === 'auto') return { theory: autoOf({ ...draw, tasks: 100_000 }).wrong }
  const rule = { ...draw, quorum: Math.floor(replicas / 2) + 1, most: 2 * replicas + 1 }
  return { theory: voteOf(rule).wrong, binomial: voteOf({ ...rule, again: true }).wrong }
}

function isSame(one, other) {
  return one.way === other.way && one.votes === other.votes
}

function written(rows) {
  const head = ['liars lie', 'replicas', 'wrong', 'theory', 'binomial', 'no result', 'executions a task']
  const lines = rows.map(({ way, votes, wrong, theory, binomial, none, executions }) => [
    ...[way, votes, ...[wrong, theory, binomial, none].map((share) => (share === undefined ? '' : percent(share)))],
    executions.toFixed(2),
  ])
  const machine = `${availableParallelism()} cores, Node ${process.versions.node}`
  const load = Math.max(...rows.map(({ load }) => load))
  return `${tableOf(head, lines)}\n\n${tasks.toLocaleString('en')} tasks a row; ${machine}, load up to ${load}.`
}
