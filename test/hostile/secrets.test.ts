// P29: the secret is in no command line, no environment of a task or its commands, no log, error, output or file but its own.
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Cluster, until } from '../processes/cluster.js'

const SECRET = `s3cr3t-${'Zq9x'.repeat(10)}`
/** Prints its own environment, and that of a command it starts, as a task of a user would see them. */
const TASKS = `
import { execSync } from 'node:child_process'
export default {
  look: () => ({ own: { ...process.env }, command: execSync('env', { encoding: 'utf8' }), argv: process.argv }),
  fails: () => { throw new Error('it fails') },
}
`

/** A secret however somebody may have written it down. */
function shapesOf(secret: string): string[] {
  const bytes = /^[0-9a-f]{64}$/i.test(secret) ? Buffer.from(secret, 'hex') : Buffer.from(secret)
  return [
    secret,
    bytes.toString('hex'),
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('base64url'),
    bytes.toString('latin1'),
  ]
}

/** All that these processes were started with. */
function commandLines(): string {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.map((pid) => tryRead(`/proc/${pid}/cmdline`)).join('\n')
}

function tryRead(file: string): string {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return ''
  }
}

/** Every file below a folder. */
function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((file) => statSync(file).isFile())
}

for (const [how, given] of [
  ['made by dtr start', undefined],
  ['given as DTR_SECRET', SECRET],
] as const) {
  t.test(`a secret ${how} shows nowhere`, { skip: process.platform !== 'linux' && 'needs /proc' }, async (t) => {
    const environment = given === undefined ? {} : { DTR_SECRET: given }
    const cluster = await Cluster.create(t, { environment: { ...environment, DTR_LOG_LEVEL: 'debug' } })
    writeFileSync(join(cluster.folder, 'tasks.mjs'), TASKS)
    const { master, first, last } = cluster.ports
    const ports = ['--port', String(master), '--worker-ports', `${first}-${last}`]
    const launcher = cluster.run(['start', ...ports, '--workers', '2', '--tasks', 'tasks.mjs'])
    await until(
      'two workers',
      () => /worker-2 registered/.test(cluster.log('master')) && /worker-1 registered/.test(cluster.log('master')),
    )
    // Started by hand, where the launcher has taken nothing out of its environment.
    await cluster.worker('by-hand')
    await cluster.hostOf('by-hand')
    const secretFile = join(cluster.data, 'secret')
    const secret = given ?? readFileSync(secretFile, 'utf8').trim()
    const shapes = shapesOf(secret)
    const hides = (what: string, text: string): void => {
      t.notOk(
        shapes.some((shape) => text.includes(shape)),
        what,
      )
    }

    const said: Record<string, string> = {}
    const run = async (args: string[], more: NodeJS.ProcessEnv = {}): Promise<void> => {
      const started = cluster.run(args, undefined, more)
      await started.ended
      said[args.join(' ')] = started.stdout + started.stderr
    }
    await run(['submit', 'look', '{}', '--wait'])
    await run(['submit', 'fails', '{}', '--wait'])
    t.match(said['submit look {} --wait'], /PATH/, 'the task saw an environment')
    hides('command lines of all processes', commandLines())
    for (const record of cluster.records()) {
      for (const { pid } of record.hosts ?? []) hides(`the environment of host ${pid}`, tryRead(`/proc/${pid}/environ`))
    }
    mkdirSync(join(cluster.folder, 'backups'))
    const commands = [
      'status --json',
      'ps --json',
      'tasks --json',
      'failed --json',
      'config --json',
      'doctor',

      'logs',
    ]
    for (const command of commands) await run(command.split(' '))
    await run(['backup', join(cluster.folder, 'backups/now')])
    const wrong = join(cluster.folder, 'wrong')
    const almost = `${secret.slice(0, -1)}${secret.endsWith('0') ? '1' : '0'}`
    writeFileSync(wrong, almost, { mode: 0o600 })
    await run(['status', '--debug', '--secret-file', wrong])
    await run(['status', '--debug'], { DTR_SECRET: secret.slice(0, 20) })
    writeFileSync(wrong, secret, { mode: 0o644 })
    await run(['status', '--debug', '--secret-file', wrong])
    await run(['status', '--secret', secret])
    const cut = shapes.map((shape) => shape.slice(0, 20))
    for (const [command, text] of Object.entries(said)) {
      const named = command.replace(secret, '...')
      t.notOk(
        cut.some((part) => text.includes(part)),
        `dtr ${named.slice(0, 60)} (${text.length} characters)`,
      )
    }

    launcher.kill('SIGINT')
    await launcher.ended
    hides('what the launcher says', launcher.stdout + launcher.stderr)
    const own = [secretFile, wrong]
    const files = filesIn(cluster.folder).filter((file) => !own.includes(file))
    t.ok(files.some((file) => file.endsWith('master.log')) && files.some((file) => file.includes('backups')))
    for (const file of files) hides(file.slice(cluster.folder.length), readFileSync(file, 'latin1'))
  })
}
