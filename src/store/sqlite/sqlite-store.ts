// The store on SQLite: one folder, one data file, one master (P22).
//
// What always holds: the lock is held from open to close, also while the data file is opened anew. After a failure the
// file was closed; the next call opens it again, from what is on disk, and only then is anything known about it.
import { join } from 'node:path'
import { DtrError } from '../../errors.js'
import { makeFolders } from '../../folders.js'
import type {
  Batch,
  Count,
  FailurePage,
  Holder,
  KeyRecord,
  LogPage,
  Outcome,
  PageRequest,
  Reputations,
  Store,
  StoreLimits,
  TaskFilter,
  TaskPage,
  TaskWithStory,
} from '../store.js'
import type { Answers, Call } from './calls.js'
import { Connection } from './connection.js'
import { type LockOptions, lockFolder, type MasterLock } from './lock.js'
import { packBatch, unpackOutcome } from './packed.js'

export const DATA_FILE = 'tasks.db'

export async function openSqliteStore(options: LockOptions & { readonly limits: StoreLimits }): Promise<Store> {
  // For this user alone: what tasks carry is nobody else's business.
  makeFolders(options.folder, '--data FOLDER', true)
  const lock = await lockFolder(options)
  const store = new SqliteStore(join(options.folder, DATA_FILE), options.limits, lock)
  try {
    await store.holders()
    return store
  } catch (error) {
    await store.close()
    throw error
  }
}

class SqliteStore implements Store {
  #connection: Promise<Connection> | undefined
  #closing: Promise<void> | undefined

  constructor(
    private readonly file: string,
    private readonly limits: StoreLimits,
    private readonly lock: MasterLock,
  ) {}

  async apply(batch: Batch): Promise<Outcome> {
    return unpackOutcome(await this.#call({ kind: 'apply', batch: packBatch(batch) }))
  }

  get(ids: readonly string[]): Promise<readonly TaskWithStory[]> {
    return this.#call({ kind: 'get', ids })
  }

  list(filter: TaskFilter, page: PageRequest): Promise<TaskPage> {
    return this.#call({ kind: 'list', filter, page })
  }

  failures(filter: TaskFilter, cursor?: string): Promise<FailurePage> {
    return this.#call({ kind: 'failures', filter, cursor })
  }

  logs(id: string, after?: number): Promise<LogPage> {
    return this.#call({ kind: 'logs', id, after })
  }

  counts(): Promise<readonly Count[]> {
    return this.#call({ kind: 'counts' })
  }

  holders(): Promise<readonly Holder[]> {
    return this.#call({ kind: 'holders' })
  }

  keys(): Promise<readonly KeyRecord[]> {
    return this.#call({ kind: 'keys' })
  }

  reputations(): Promise<Reputations> {
    return this.#call({ kind: 'reputations' })
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #call<Kind extends Call['kind']>(call: Extract<Call, { kind: Kind }>): Promise<Answers[Kind]> {
    if (this.#closing !== undefined) throw new DtrError('stopping', 'the store is closed')
    this.#connection ??= this.#open()
    const connection = await this.#connection
    return connection.call<Kind>(call)
  }

  #open(): Promise<Connection> {
    const opening = Connection.open({ file: this.file, limits: this.limits })
    const forget = (): void => {
      if (this.#connection === opening) this.#connection = undefined
    }
    opening.then((connection) => connection.ended.then(forget), forget)
    return opening
  }

  /** Calls are answered in order, so the answer to this one comes after the batch in flight. */
  async #close(): Promise<void> {
    try {
      const connection = await this.#connection
      await connection?.call({ kind: 'close' })
      await connection?.ended
    } catch (error) {
      if (!(error instanceof DtrError)) throw error // Else: the file failed, and so is closed already.
    } finally {
      this.lock.release()
    }
  }
}
