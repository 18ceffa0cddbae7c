// A folder on a disk that may lose power. Pure: from what was written, cut, named and synced follows what may be there
// afterwards.
//
// What always holds: what a sync covered that returned is there. Of the rest anything may be: nothing, all, some writes,
// single sectors of them. Names are another matter than content: a new file is surely there once its folder was synced.
// Of the names that were changed later some of the first are there, in their order, as file systems with a journal do.
import type { Chance } from '../chance.js'

export type DiskChange =
  | { readonly kind: 'write'; readonly file: string; readonly at: number | 'end'; readonly bytes: Buffer }
  | { readonly kind: 'cut'; readonly file: string; readonly size: number }
  | { readonly kind: 'remove'; readonly file: string }
  | { readonly kind: 'rename'; readonly file: string; readonly to: string }
  /** It covers what stood before `begun`; without a file it is the folder that was synced. */
  | { readonly kind: 'sync'; readonly file: string | undefined; readonly begun: number }

/** What becomes of that which no sync covered. */
export type Fate = 'none' | 'all' | 'some' | 'torn'
export type Files = ReadonlyMap<string, Buffer>

const SECTOR = 512

interface Pending<Change> {
  readonly index: number
  readonly change: Change
}

type ContentChange =
  | { readonly kind: 'write'; readonly at: number; readonly bytes: Buffer }
  | { readonly kind: 'cut'; readonly size: number }

/** Bytes that grow as they are written. */
class Content {
  #bytes: Buffer
  #size: number

  constructor(bytes: Buffer) {
    this.#bytes = Buffer.from(bytes)
    this.#size = bytes.length
  }

  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#size)
  }

  take(change: ContentChange): void {
    const end = change.kind === 'cut' ? change.size : change.at + change.bytes.length
    if (end > this.#bytes.length) {
      this.#bytes = Buffer.concat([
        this.#bytes,
        Buffer.alloc(Math.max(end, 2 * this.#bytes.length) - this.#bytes.length),
      ])
    }
    if (change.kind === 'write') change.bytes.copy(this.#bytes, change.at)
    else this.#bytes.fill(0, end)
    this.#size = change.kind === 'cut' ? end : Math.max(this.#size, end)
  }
}

class StoredFile {
  readonly #durable: Content
  #pending: Pending<ContentChange>[] = []
  #size: number

  constructor(bytes: Buffer) {
    this.#durable = new Content(bytes)
    this.#size = bytes.length
  }

  change(index: number, change: Extract<DiskChange, { kind: 'write' | 'cut' }>): void {
    const made = change.kind === 'cut' ? change : { ...change, at: change.at === 'end' ? this.#size : change.at }
    this.#size = made.kind === 'cut' ? made.size : Math.max(this.#size, made.at + made.bytes.length)
    this.#pending.push({ index, change: made })
  }

  sync(begun: number): void {
    for (const { index, change } of this.#pending) if (index < begun) this.#durable.take(change)
    this.#pending = this.#pending.filter(({ index }) => index >= begun)
  }

  after(fate: Fate, chance: Chance): Buffer {
    const content = new Content(this.#durable.bytes)
    for (const { change } of this.#pending) for (const part of remains(change, fate, chance)) content.take(part)
    return content.bytes
  }
}

function remains(change: ContentChange, fate: Fate, chance: Chance): readonly ContentChange[] {
  if (fate === 'none') return []
  if (fate === 'all') return [change]
  if (fate === 'some' || change.kind === 'cut') return chance.fraction() < 0.5 ? [change] : []
  return sectorsOf(change).filter(() => chance.fraction() < 0.5)
}

function sectorsOf({ at, bytes }: Extract<ContentChange, { kind: 'write' }>): readonly ContentChange[] {
  const parts: ContentChange[] = []
  for (let from = 0; from < bytes.length; ) {
    const to = Math.min(bytes.length, from + SECTOR - ((at + from) % SECTOR))
    parts.push({ kind: 'write', at: at + from, bytes: bytes.subarray(from, to) })
    from = to
  }
  return parts
}

type Naming = ReadonlyMap<string, StoredFile | undefined>

export class Disk {
  /** As the processes see it. */
  readonly #names = new Map<string, StoredFile>()
  readonly #durableNames = new Map<string, StoredFile>()
  #pending: Pending<Naming>[] = []

  /** @param files what is surely there */
  constructor(files: Files = new Map()) {
    for (const [name, bytes] of files) this.#names.set(name, new StoredFile(bytes))
    for (const [name, file] of this.#names) this.#durableNames.set(name, file)
  }

  /** @param index its place among all that was recorded */
  take(index: number, change: DiskChange): void {
    switch (change.kind) {
      case 'write':
      case 'cut':
        return (this.#names.get(change.file) ?? this.#create(index, change.file)).change(index, change)
      case 'remove':
        return this.#rename(index, new Map([[change.file, undefined]]))
      case 'rename': {
        const moved = this.#names.get(change.file) ?? new StoredFile(Buffer.alloc(0))
        return this.#rename(
          index,
          new Map([
            [change.file, undefined],
            [change.to, moved],
          ]),
        )
      }
      case 'sync':
        if (change.file !== undefined) return this.#names.get(change.file)?.sync(change.begun)
        for (const { index: at, change: naming } of this.#pending) {
          if (at < change.begun) apply(this.#durableNames, naming)
        }
        this.#pending = this.#pending.filter(({ index: at }) => at >= change.begun)
    }
  }

  /** What is there when power is back. */
  after(fate: Fate, chance: Chance): Files {
    const kept = { none: 0, all: this.#pending.length, some: undefined, torn: undefined }[fate]
    const names = new Map(this.#durableNames)
    const count = kept ?? chance.between(0, this.#pending.length)
    for (const { change } of this.#pending.slice(0, count)) apply(names, change)
    return new Map([...names].map(([name, file]) => [name, file.after(fate, chance)]))
  }

  #create(index: number, name: string): StoredFile {
    const file = new StoredFile(Buffer.alloc(0))
    this.#rename(index, new Map([[name, file]]))
    return file
  }

  #rename(index: number, naming: Naming): void {
    apply(this.#names, naming)
    this.#pending.push({ index, change: naming })
  }
}

function apply(names: Map<string, StoredFile>, naming: Naming): void {
  for (const [name, file] of naming) {
    if (file === undefined) names.delete(name)
    else names.set(name, file)
  }
}
