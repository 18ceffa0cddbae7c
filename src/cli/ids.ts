// The ids of tasks that a command is about: as arguments, or one a line on standard input where `-` stands for them.
import { Compile } from 'typebox/compile'
import { DtrError } from '../errors.js'
import { Id } from '../protocol/messages.js'
import { type Flags, STANDARD_INPUT } from './flags.js'
import { linesOf } from './lines.js'

const LINE_BYTES_MAX = 1_024
const schema = Compile(Id)

/** In parts of at most `size`, so that memory holds one part however long the input is; none twice in one part. */
export async function* idsOf(flags: Flags, size: number): AsyncGenerator<readonly string[], void, void> {
  let part = new Set<string>()
  for await (const id of each(flags.texts('ids'))) {
    part.add(id)
    if (part.size < size) continue
    yield [...part]
    part = new Set()
  }
  if (part.size > 0) yield [...part]
}

async function* each(words: readonly string[]): AsyncGenerator<string, void, void> {
  for (const word of words) {
    if (word !== STANDARD_INPUT) yield checked(word)
    else
      for await (const line of linesOf(process.stdin, LINE_BYTES_MAX))
        if (line.trim() !== '') yield checked(line.trim())
  }
}

function checked(id: string): string {
  const isId: boolean = schema.Check(id)
  if (isId) return id
  throw new DtrError('bad_input', `"${id.slice(0, 80)}" is not the id of a task`, { hint: 'dtr tasks shows ids' })
}
