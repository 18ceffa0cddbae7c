// A wall clock that steps, as a process that lives by it sees it.
import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { uptime } from 'node:os'
import t from 'tap'
import { rawMonoMs } from '../../src/clock.js'
import { Reaper } from '../../src/drill/reaper.js'
import { faketimeLibrary, WallClock } from '../../src/drill/wall-clock.js'

const DAY_MS = 86_400_000
const NEAR_MS = 5_000

const skip = faketimeLibrary() === undefined ? 'needs libfaketime' : false

t.test('a process sees the step, and its monotonic clock and uptime stay true', { skip }, async (t) => {
  const reaper = new Reaper()
  t.teardown(() => reaper.end(false))
  const clock = new WallClock('test', reaper)
  const asked = (): { wallMs: number; monoMs: number; uptimeMs: number } => {
    const code = 'console.log(JSON.stringify([Date.now(), Number(process.hrtime.bigint()) / 1e6, os.uptime() * 1e3]))'
    const [command = '', ...args] = [...clock.via, process.execPath, '-e', code]
    const [wallMs, monoMs, uptimeMs] = JSON.parse(execFileSync(command, args, { encoding: 'utf8' })) as number[]
    return { wallMs: wallMs!, monoMs: monoMs!, uptimeMs: uptimeMs! }
  }
  const near = (one: number, other: number, what: string): void => {
    t.ok(Math.abs(one - other) < NEAR_MS, `${what}: ${one} is near ${other}`)
  }
  for (const [by, offsetMs] of [
    [0, 0],
    [DAY_MS, DAY_MS],
    [-2 * DAY_MS, -DAY_MS],
  ] as const) {
    clock.step(by)
    const { wallMs, monoMs, uptimeMs } = asked()
    near(wallMs, Date.now() + offsetMs, 'wall clock')
    near(monoMs, rawMonoMs(), 'monotonic clock')
    near(uptimeMs, uptime() * 1_000, 'uptime')
  }
})

t.test('when it reaches a time', async (t) => {
  const reaper = new Reaper()
  t.teardown(() => rmSync(reaper.folder, { recursive: true }))
  const clock = new WallClock('test', reaper)
  const startMs = rawMonoMs()
  const wallMs = Date.now()
  const reaches = (ms: number): number => Math.round((clock.reaches(wallMs + ms, startMs) - startMs) / 100) * 100
  t.equal(reaches(3_000), 3_000, 'without a step it takes its time')
  t.equal(reaches(DAY_MS), DAY_MS)
  clock.step(DAY_MS)
  t.equal(reaches(3_000), 0, 'a step forward gets there at once')
  clock.step(-DAY_MS)
  t.equal(reaches(DAY_MS - 1_000), 0, 'it was there, for a moment')
  t.equal(reaches(2 * DAY_MS), 2 * DAY_MS)
  clock.step(-DAY_MS)
  t.equal(reaches(2 * DAY_MS), 3 * DAY_MS, 'a step back puts off what is to come')
  await reaper.end(true)
})
