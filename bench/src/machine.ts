// The machine on which it was measured, for those who compare.
import { execFileSync } from 'node:child_process'
import { closeSync, fdatasyncSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { cpus, release, tmpdir, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { median } from './figures.js'

export interface Machine {
  readonly cores: number
  readonly processor: string
  readonly memoryGiB: number
  readonly system: string
  readonly node: string
  readonly commit: string
}

export function thisMachine(): Machine {
  return {
    cores: cpus().length,
    processor: processorModel(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    node: process.version,
    commit: commitOf(),
  }
}

/** For how long the cores have been at work since the machine started, all together. */
export function busyMs(): number {
  return cpus().reduce((sum, { times: { user, nice, sys, irq } }) => sum + user + nice + sys + irq, 0)
}

function processorModel(): string {
  const model = cpus()[0]?.model ?? ''
  return model === '' || model === 'unknown' ? process.arch : model
}

function commitOf(): string {
  try {
    const git = (...args: string[]): string => execFileSync('git', args, { encoding: 'utf8' }).trim()
    return `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain') === '' ? '' : ', with changes'}`
  } catch {
    return 'unknown'
  }
}

/** Of 4 KiB at the end of a file, in milliseconds. */
export function syncMs(times = 200): number {
  const folder = mkdtempSync(join(tmpdir(), 'dtr-bench-sync-'))
  const file = openSync(join(folder, 'file'), 'w')
  const page = Buffer.alloc(4_096)
  const took: number[] = []
  for (let n = 0; n < times; n += 1) {
    writeSync(file, page)
    const began = performance.now()
    fdatasyncSync(file)
    took.push(performance.now() - began)
  }
  closeSync(file)
  rmSync(folder, { recursive: true })
  return median(took)
}

/** Processor time that a process has used so far, in milliseconds, all its threads together. Linux. */
export function processorMs(pid: number): number {
  const ns = readdirSync(`/proc/${pid}/task`).map((thread) => {
    const [running] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')
    return Number(running)
  })
  return ns.reduce((sum, one) => sum + one, 0) / 1e6
}

/** Resident memory of a process now, in bytes. Linux. */
export function residentBytes(pid: number): number {
  const [, kib] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kib) * 1_024
}

/** Milliseconds of the one clock that all processes of a machine share. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
