// What the attempts of a host tell while they run, on its way to the worker: of each the last progress and the end of what it
// said, five times a second at most, so that a million reports cost what five do.
//
// What always holds: what an attempt has told before its end leaves before its outcome; what it tells afterwards does not
// count; memory holds two LOG_BYTES_MAX of each attempt that says anything, and nothing of one that does not.
import { rawMonoMs } from '../../clock.js'
import type { Progress } from '../../runner/progress.js'
import { LogTail } from '../../task/log-tail.js'
import type { HostReport } from '../events.js'

export interface ReportsOptions {
  isRunning(leaseId: string): boolean
  /** What the worker has not read: where it is much, nothing is added for the moment. */
  unreadBytes(): number
  say(list: HostReport[]): void
}

const EVERY_MS = 200
/** Of what all attempts have said together, in one line to the worker. */
const LINE_BYTES_MAX = 128 * 1024
const UNREAD_BYTES_MAX = 1024 * 1024

interface Telling {
  readonly log: LogTail
  logTold: number
  progress: Progress | undefined
}

export class Reports {
  readonly #options: ReportsOptions
  readonly #tellings = new Map<string, Telling>()
  /** Those of them with something new, in the order in which it came. */
  readonly #waiting = new Set<string>()
  #toldAtMs = Number.NEGATIVE_INFINITY
  #timer: NodeJS.Timeout | undefined

  constructor(options: ReportsOptions) {
    this.#options = options
  }

  progress(leaseId: string, progress: Progress): void {
    const telling = this.#tellingOf(leaseId)
    if (telling !== undefined) telling.progress = progress
  }

  log(leaseId: string, text: string): void {
    if (text !== '') this.#tellingOf(leaseId)?.log.add(text)
  }

  /** The code of this attempt has ended. */
  end(leaseId: string): void {
    if (this.#tellings.size === 0) return
    if (this.#waiting.has(leaseId)) this.#options.say([this.#take(leaseId)])
    this.#tellings.delete(leaseId)
  }

  /** The host ends: what was told leaves, one line each. */
  sayAll(): void {
    for (const leaseId of this.#waiting) this.#options.say([this.#take(leaseId)])
  }

  /** What is new in it is told; undefined for one that has ended. */
  #tellingOf(leaseId: string): Telling | undefined {
    if (!this.#options.isRunning(leaseId)) return undefined
    let telling = this.#tellings.get(leaseId)
    if (telling === undefined) {
      telling = { log: new LogTail(), logTold: 0, progress: undefined }
      this.#tellings.set(leaseId, telling)
    }
    this.#waiting.add(leaseId)
    this.#arm()
    return telling
  }

  #arm(): void {
    if (this.#timer !== undefined) return
    const waitMs = Math.max(0, this.#toldAtMs + EVERY_MS - rawMonoMs())
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#sayWaiting()
    }, waitMs)
    // It keeps no host from ending by itself.
    this.#timer.unref()
  }

  #sayWaiting(): void {
    this.#toldAtMs = rawMonoMs()
    const list: HostReport[] = []
    let bytes = 0
    const hasRoom = this.#options.unreadBytes() <= UNREAD_BYTES_MAX
    for (const leaseId of hasRoom ? this.#waiting : []) {
      if (bytes > LINE_BYTES_MAX) break
      const report = this.#take(leaseId)
      bytes += Buffer.byteLength(report.log?.text ?? '') + (report.progress?.message?.length ?? 0) + 100
      list.push(report)
    }
    if (list.length > 0) this.#options.say(list)
    if (this.#waiting.size > 0) this.#arm()
  }

  #take(leaseId: string): HostReport {
    this.#waiting.delete(leaseId)
    const telling = this.#tellings.get(leaseId)!
    const { log, logTold, progress } = telling
    const isNew = log.end > logTold
    telling.logTold = log.end
    telling.progress = undefined
    return { leaseId, ...(progress && { progress }), ...(isNew && { log: log.since(logTold) }) }
  }
}
