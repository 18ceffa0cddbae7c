// What the first bytes of a data file say. Nothing is opened by SQLite, so nothing can change, not even files beside it.
import { closeSync, openSync, readSync } from 'node:fs'
import { MIGRATIONS } from './schema.js'

export interface DataHeader {
  readonly isSqlite: boolean
  /** 0 where it is not one of dtr. */
  readonly version: number
  /** The newest version that this dtr knows. */
  readonly known: number
}

const MAGIC = 'SQLite format 3\0'
/** https://sqlite.org/fileformat.html: the user version, four bytes, big end first. */
const VERSION_AT = 60
const HEADER_BYTES = 100

/** Throws where the file cannot be read. */
export function readHeader(file: string): DataHeader {
  const header = Buffer.alloc(HEADER_BYTES)
  const descriptor = openSync(file, 'r')
  try {
    readSync(descriptor, header, 0, HEADER_BYTES, 0)
  } finally {
    closeSync(descriptor)
  }
  const isSqlite = header.toString('latin1', 0, MAGIC.length) === MAGIC
  return { isSqlite, version: isSqlite ? header.readUInt32BE(VERSION_AT) : 0, known: MIGRATIONS.length }
}
