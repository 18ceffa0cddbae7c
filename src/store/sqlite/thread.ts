// The thread that alone holds the data file: an fsync, however slow, stops nothing but this (design: section 3). After a
// failure of the file nothing that it holds in memory is believed any more: it closes the file and ends.
import { dirname } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import type Database from 'better-sqlite3'
import { DtrError } from '../../errors.js'
import { applyBatch, readLogs, readReputations, readTasks } from '../apply.js'
import { listFailures, listTasks } from '../listing.js'
import type { Batch, Outcome, StoreLimits } from '../store.js'
import { type Answers, type Call, failure, type Reply, type ThreadOptions } from './calls.js'
import { openDatabase, storeError } from './database.js'
import { packOutcome, unpackBatch } from './packed.js'
import { isDiskShort } from './room.js'
import { SqliteRows } from './rows.js'
import { Space } from './space.js'

const { file, limits } = workerData as ThreadOptions
const port = parentPort
if (port === null) throw new Error('this file is the thread of the SQLite store')
const reply = (message: Reply): void => port.postMessage(message)

try {
  serve(openDatabase(file))
  reply({ ok: true, answer: undefined })
} catch (error) {
  reply(failure(storeError(error)))
  port.close()
}

function serve(database: Database.Database): void {
  const rows = new SqliteRows(database)
  const write = database.transaction((batch: Batch, room: StoreLimits) => applyBatch(rows, batch, room)).immediate
  const apply = (batch: Batch): Outcome => {
    const short = isDiskShort(dirname(file))
    const outcome = write(batch, short ? { ...limits, pendingMax: 0 } : limits)
    return short ? { ...outcome, short } : outcome
  }
  const answer = (call: Call): Answers[keyof Answers] => {
    switch (call.kind) {
      case 'apply':
        return packOutcome(apply(unpackBatch(call.batch)))
      case 'get':
        return readTasks(rows, call.ids)
      case 'list':
        return listTasks(rows, call.filter, call.page)
      case 'failures':
        return listFailures(rows, call.filter, call.cursor)
      case 'logs':
        return readLogs(rows, call.id, call.after)
      case 'counts':
        return rows.counts()
      case 'holders':
        return rows.holders()
      case 'keys':
        return rows.keys.all()
      case 'reputations':
        return readReputations(rows)
      case 'close':
        database.close()
    }
  }
  /** A file that failed is closed; the next call opens it anew. */
  const end = (): void => {
    port?.close()
    database.close()
  }
  const space = new Space(database)
  let timer: NodeJS.Timeout | undefined
  const giveBackAfter = (waitMs: number): void => {
    timer ??= setTimeout(() => {
      timer = undefined
      if (!database.open) return
      try {
        const nextMs = space.giveBack()
        if (nextMs !== undefined) giveBackAfter(nextMs)
      } catch {
        end()
      }
    }, waitMs)
  }
  giveBackAfter(0)
  port?.on('message', (call: Call) => {
    try {
      reply({ ok: true, answer: answer(call) })
      if (prunes(call)) giveBackAfter(0)
      if (call.kind !== 'close') return
      port?.close()
      clearTimeout(timer)
    } catch (thrown) {
      const error = storeError(thrown)
      reply(failure(error))
      if (!(error instanceof DtrError) || error.code !== 'store_failed') return
      end()
    }
  })
}

function prunes(call: Call): boolean {
  return (
    call.kind === 'apply' &&
    call.batch.operations.some((packed) => packed.kind === 'other' && packed.operation.kind === 'prune')
  )
}
