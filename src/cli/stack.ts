// A stack for people: the frames of the user's own code, file and line first. What Node, libraries and dtr itself add to
// it helps nobody who mends a task.
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const DTR = fileURLToPath(new URL('../..', import.meta.url))
const FRAME = /^\s*at (?:(.*?) \()?((?:file:\/\/)?\/.*?)(?:\?[^:)]*)?:(\d+):(\d+)\)?$/
const FRAMES_MAX = 4

/** @param folder paths below it are shown relative to it */
export function ownFrames(stack: string, folder: string): readonly string[] {
  return stack
    .split('\n')
    .flatMap((line) => {
      const [, name, path = '', row, column] = FRAME.exec(line) ?? []
      const file = path.startsWith('file://') ? decode(path) : path
      if (file === '' || file.startsWith(DTR) || file.includes('/node_modules/')) return []
      return [
        `${shown(file, folder)}:${row}:${column}${name === undefined ? '' : ` in ${name.replace(/^async /, '')}`}`,
      ]
    })
    .slice(0, FRAMES_MAX)
}

function decode(url: string): string {
  try {
    return fileURLToPath(url)
  } catch {
    return url
  }
}

function shown(file: string, folder: string): string {
  const inside = relative(folder, file)
  return inside.startsWith('..') ? file : inside
}
