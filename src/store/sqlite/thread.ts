// The thread that alone holds the data file: an fsync, however slow, stops nothing but this (design: section 3). After a
// failure of the file nothing that it holds in memory is believed any more: it closes the file and ends.
import { parentPort, workerData } from 'node:worker_threads'
import type Database from 'better-sqlite3'
import { DtrError } from '../../errors.js'
import { applyBatch, readTasks } from '../apply.js'
import type { Batch } from '../store.js'
import { type Answers, type Call, failure, type Reply, type ThreadOptions } from './calls.js'
import { openDatabase, storeError } from './database.js'
import { SqliteRows } from './rows.js'

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
  const apply = database.transaction((batch: Batch) => applyBatch(rows, batch, limits)).immediate
  const answer = (call: Call): Answers[keyof Answers] => {
    switch (call.kind) {
      case 'apply':
        return apply(call.batch)
      case 'get':
        return readTasks(rows, call.ids)
      case 'counts':
        return rows.counts()
      case 'holders':
        return rows.holders()
      case 'close':
        database.close()
    }
  }
  port?.on('message', (call: Call) => {
    try {
      reply({ ok: true, answer: answer(call) })
      if (call.kind === 'close') port?.close()
    } catch (thrown) {
      const error = storeError(thrown)
      reply(failure(error))
      if (!(error instanceof DtrError) || error.code !== 'store_failed') return
      port?.close()
      database.close()
    }
  })
}
