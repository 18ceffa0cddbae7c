// What users' code prints, as lines for the worker's log: read without end, so that printing never blocks the code, cut
// and counted, so that it fills neither memory nor disk (P23).
import type { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import { LineBudget } from './line-budget.js'

const LINE_CHARS_MAX = 2_000

export function forwardLines(stream: Readable, write: (line: string) => void): void {
  const decoder = new StringDecoder('utf8')
  const budget = new LineBudget()
  let begun = ''
  const end = (line: string): void => {
    if (line !== '') for (const text of budget.take(line)) write(text)
  }
  stream.on('data', (chunk: Buffer) => {
    const parts = decoder.write(chunk).split('\n')
    const last = parts.pop() ?? ''
    for (const part of parts) {
      end(`${begun}${part}`.slice(0, LINE_CHARS_MAX))
      begun = ''
    }
    begun = `${begun}${last}`.slice(0, LINE_CHARS_MAX)
  })
  stream.on('close', () => {
    end(begun)
    for (const text of budget.rest()) write(text)
  })
  stream.on('error', () => {})
}
