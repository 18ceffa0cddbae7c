// What a process did to the files of one folder and said on its sockets, in true order, as strace wrote it down.
//
// What always holds: a sync stands where it returned and knows what it covered; what was sent stands where it may first
// have left. The tracer sees a thread go on only after it has written down what the thread came back from, so that
// nothing stands before what made it possible.
import { readFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { DiskChange } from './disk.js'

export type Recorded =
  | DiskChange
  /** Bytes that may have left on a connection. */
  | { readonly kind: 'sent'; readonly connection: string; readonly bytes: Buffer }

const WRITES = 'pwrite64,write,writev,sendmsg,sendto,ftruncate'
const NAMES = 'unlink,unlinkat,rename,renameat,renameat2'
const UNFINISHED = ' <unfinished ...>'
/** strace says that the process is no more. */
const END = /\+\+\+ (killed|exited)/

/** What a call came back with stands at its end: a number, and the name and the words of an error. */
const ANSWER_CHARS_MAX = 200

/** Starts a command and writes all that it writes to `file`. The command keeps the pid; the tracer stands beside it. */
export function recorder(file: string): readonly string[] {
  const calls = `trace=${WRITES},${NAMES},fdatasync,fsync`
  // Everything in hexadecimal, descriptors with what they stand for, and no signals but the one that ends it.
  return ['strace', '-D', '-f', '--seccomp-bpf', '-q', '-o', file, '-y', '-xx', '-s', '10000000', '-e', calls].concat([
    '-e',
    'signal=SIGKILL',
  ])
}

/** @returns undefined until the process `pid` has ended */
export function readRecording(file: string, pid: number, folder: string): Recorded[] | undefined {
  const text = readFileSync(file)
  const tail = text.toString('latin1', Math.max(0, text.length - 4_096)).split('\n')
  if (!tail.some((line) => line.startsWith(`${pid} `) && END.test(line))) return undefined
  return parseRecording(linesOf(text), folder)
}

export function parseRecording(lines: Iterable<string>, folder: string): Recorded[] {
  const recorded: Recorded[] = []
  const open = new Map<string, Call>()
  for (const line of lines) {
    const [, thread = '', rest = ''] = /^(\d+) +([\s\S]*)$/.exec(line) ?? []
    const resumed = /^<\.\.\. \w+ resumed>/.exec(rest)
    if (resumed === null) {
      const call = begin(rest, folder, recorded)
      if (call === undefined) continue
      if (rest.endsWith(UNFINISHED)) open.set(thread, { ...call, text: rest.slice(0, -UNFINISHED.length) })
      else finish(call, recorded)
      continue
    }
    const call = open.get(thread)
    open.delete(thread)
    if (call !== undefined) finish({ ...call, text: call.text + rest.slice(resumed[0].length) }, recorded)
  }
  return recorded
}

interface Call {
  readonly name: string
  readonly folder: string
  readonly text: string
  /** How much was recorded when it began. */
  readonly begun: number
  /** Where it says something on a socket: its place among all that was recorded. */
  readonly sent?: { bytes: Buffer }
}

function begin(text: string, folder: string, recorded: Recorded[]): Call | undefined {
  const [, name] = /^(\w+)\(/.exec(text) ?? []
  if (name === undefined) return undefined
  const call = { name, folder, text, begun: recorded.length }
  const [, connection] = /^(socket:\[\d+\])$/.exec(pathOf(text)) ?? []
  if (connection === undefined || name.includes('sync')) return call
  const sent = { kind: 'sent' as const, connection, bytes: textsOf(text) }
  recorded.push(sent)
  return { ...call, sent }
}

function finish({ name, folder, text, begun, sent }: Call, recorded: Recorded[]): void {
  // Without an answer (`?`) the process died in it, and what it did is not known: the whole of it may have been done.
  const [, answer] = /\) += (-?\d+|\?)/.exec(text.slice(-ANSWER_CHARS_MAX)) ?? []
  if (answer?.startsWith('-') === true) {
    if (sent !== undefined) sent.bytes = Buffer.alloc(0)
    return
  }
  const count = answer === undefined || answer === '?' ? undefined : Number(answer)
  if (sent !== undefined) {
    sent.bytes = sent.bytes.subarray(0, count)
    return
  }
  const [path, to] = name.startsWith('unlink') || name.startsWith('rename') ? namesOf(text) : [pathOf(text)]
  const change = changeOf(name, text, path ?? '', to, begun, count, folder)
  if (change !== undefined) recorded.push(change)
}

function changeOf(
  name: string,
  text: string,
  path: string,
  to: string | undefined,
  begun: number,
  count: number | undefined,
  folder: string,
): DiskChange | undefined {
  const file = basename(path)
  if (name === 'fsync' || name === 'fdatasync') {
    if (count === undefined) return undefined
    if (path === folder) return { kind: 'sync', file: undefined, begun }
    return isKept(path, folder) ? { kind: 'sync', file, begun } : undefined
  }
  if (!isKept(path, folder)) return undefined
  if (name.startsWith('unlink')) return { kind: 'remove', file }
  if (name.startsWith('rename')) return { kind: 'rename', file, to: basename(to ?? '') }
  const [, last] = /, (\d+)\)/.exec(text.slice(text.lastIndexOf(','))) ?? []
  if (name === 'ftruncate') return { kind: 'cut', file, size: Number(last) }
  const bytes = textsOf(text).subarray(0, count)
  return { kind: 'write', file, at: name === 'pwrite64' ? Number(last) : 'end', bytes }
}

/** What is shared between processes is made anew from the rest after a start. */
function isKept(path: string, folder: string): boolean {
  return dirname(path) === folder && !path.endsWith('-shm')
}

/** The file or socket of the descriptor that a call is about. */
function pathOf(text: string): string {
  const [, path = ''] = /^\w+\(\d+<([^>]*)>/.exec(text) ?? []
  return bytesOf(path).toString()
}

function namesOf(text: string): string[] {
  return [...text.matchAll(/"([^"]*)"/g)].map(([, name = '']) => bytesOf(name).toString())
}

function textsOf(text: string): Buffer {
  return Buffer.concat([...text.matchAll(/"([^"]*)"/g)].map(([, part = '']) => bytesOf(part)))
}

function bytesOf(escaped: string): Buffer {
  return Buffer.from(escaped.replaceAll('\\x', ''), 'hex')
}

function* linesOf(text: Buffer): Iterable<string> {
  for (let from = 0; from < text.length; ) {
    const end = text.indexOf(10, from)
    const to = end < 0 ? text.length : end
    yield text.toString('latin1', from, to)
    from = to + 1
  }
}
