// When two failures are the same to a person: the same type and code, and messages that differ only in what names one
// task's own data. Pure; stores group by it, and commands name a group by its key.
import { createHash } from 'node:crypto'
import type { TaskError } from './task.js'

/** A message is compared up to here. */
const COMPARED_CHARS_MAX = 500
const KEY_CHARS = 10

/** What varies from task to task, the more telling first: quoted names, paths and addresses, ids, numbers. */
const VARIES: readonly RegExp[] = [
  /"[^"]*"|`[^`]*`/g,
  // Within a word it is an apostrophe: "can't", "the file's".
  /(?<![\p{L}\p{N}_])'(?:[^']|'(?=[\p{L}\p{N}_]))*'(?![\p{L}\p{N}_])/gu,
  /(?:[A-Za-z][\w+.-]*:\/\/|\.{0,2}\/)[^\s,;)\]}]+/g,
  /\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/gi,
  /\b(?=[0-9a-f]*\d)[0-9a-f]{8,}\b/gi,
  /\d+(?:[.,]\d+)*/g,
]

/** The message with what varies left out. */
export function failurePattern(message: string): string {
  const [line = ''] = message.slice(0, COMPARED_CHARS_MAX).split('\n')
  return VARIES.reduce((text, pattern) => text.replace(pattern, '…'), line)
}

/** Short enough to be typed: equal for failures that are the same to a person. */
export function failureKey(type: string, error: Pick<TaskError, 'code' | 'message'> | undefined): string {
  const alike = JSON.stringify([type, error?.code, failurePattern(error?.message ?? '')])
  return createHash('sha256').update(alike).digest('hex').slice(0, KEY_CHARS)
}
