// Lists that are too long for one message, in parts.
import { LIST_MAX } from '../../protocol/messages.js'

/** Text of so many characters fits into a line whatever JSON makes of it (six bytes a character at worst). */
const CHARS_PER_MESSAGE_MAX = 1_300_000

/** Cuts a list so that each part fits into one message. */
export function* chunked<Item>(items: readonly Item[], charsOf: (item: Item) => number): Generator<Item[]> {
  let chunk: Item[] = []
  let chars = 0
  for (const item of items) {
    const size = charsOf(item)
    if (chunk.length > 0 && (chunk.length >= LIST_MAX || chars + size > CHARS_PER_MESSAGE_MAX)) {
      yield chunk
      chunk = []
      chars = 0
    }
    chunk.push(item)
    chars += size
  }
  if (chunk.length > 0) yield chunk
}
