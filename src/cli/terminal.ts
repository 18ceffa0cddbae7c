// The only place that decides what a stream can do: colours, lines that are written over, answers.
import { styleText } from 'node:util'

interface Stream {
  readonly isTTY?: boolean
}

export type Colour = Extract<Parameters<typeof styleText>[0], string>

/** Whether it is a terminal on which what was written can be written over, for bars. */
export function isScreen({ isTTY }: Stream, environment: NodeJS.ProcessEnv = process.env): boolean {
  return isTTY === true && environment.TERM !== 'dumb'
}

/** Whether somebody may sit there who answers a question. */
export function mayAnswer({ isTTY }: Stream): boolean {
  return isTTY === true
}

/** As Node itself decides: FORCE_COLOR first, which may also say no, then NO_COLOR (https://no-color.org), then the terminal. */
export function hasColours(stream: Stream, environment: NodeJS.ProcessEnv = process.env): boolean {
  const { FORCE_COLOR: force, NO_COLOR: none = '' } = environment
  if (force !== undefined) return force !== '0' && force !== 'false'
  return none === '' && isScreen(stream, environment)
}

/** It has been decided that there are colours. */
export function coloured(colour: Colour, text: string): string {
  return styleText(colour, text, { validateStream: false })
}
