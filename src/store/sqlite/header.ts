// What the first bytes of a data file say. Nothing is opened by SQLite, so nothing can change, not even files beside it.
import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { MIGRATIONS } from './schema.js'

export interface DataHeader {
  readonly isSqlite: boolean
  /** It ends before the last of its pages. */
  readonly isCut: boolean
  /** 0 where it is not one of dtr. */
  readonly version: number
  /** The newest version that this dtr knows. */
  readonly known: number
}

const MAGIC = 'SQLite format 3\0'
/** https://sqlite.org/fileformat.html: numbers of four bytes, and one of two, big end first. */
const PAGE_BYTES_AT = 16
const PAGES_AT = 28
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
  const version = isSqlite ? header.readUInt32BE(VERSION_AT) : 0
  return { isSqlite, isCut: isSqlite && isCut(file, header), version, known: MIGRATIONS.length }
}

/** What is missing may still stand in the log beside it. */
function isCut(file: string, header: Buffer): boolean {
  const pageBytes = header.readUInt16BE(PAGE_BYTES_AT)
  // 1 stands for 65,536, which does not fit.
  const bytes = header.readUInt32BE(PAGES_AT) * (pageBytes === 1 ? 65_536 : pageBytes)
  const log = statSync(`${file}-wal`, { throwIfNoEntry: false })
  return statSync(file).size < bytes && (log?.size ?? 0) === 0
}
