// A question to the person at the terminal, on standard error: what is asked for stays on standard output.
import { createInterface } from 'node:readline/promises'
import { DtrError } from '../errors.js'
import { note } from './output.js'
import { mayAnswer } from './terminal.js'

/** @throws DtrError `cancelled` for anything but a yes, `bad_input` where there is nobody to be asked */
export async function agree(words: readonly string[], signal: AbortSignal): Promise<void> {
  for (const line of words) note(line)
  if (!mayAnswer(process.stdin)) {
    throw new DtrError('bad_input', 'this is not done unasked, and there is no terminal to ask at', {
      hint: '--yes says that it shall be done',
    })
  }
  // Not as a terminal: Ctrl-C stays a signal.
  const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: false })
  const closed = new Promise<string>((resolve) => lines.once('close', () => resolve('')))
  const answer = await Promise.race([lines.question('do it? [y/N] ', { signal }), closed]).finally(() => lines.close())
  if (!/^y(es)?$/i.test(answer.trim())) throw new DtrError('cancelled', 'nothing was done')
}
