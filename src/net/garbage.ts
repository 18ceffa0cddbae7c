// P23: the garbage of large lines. The bytes of a line lie outside V8's heap, where it collects late: on a loaded machine it let
// some hundred MiB gather. So who makes or takes large lines tells how large, and what they left is collected before it
// is too much. Small lines are left to V8, which collects them well.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

const LARGE_LINE_BYTES = 512 * 1024
/** Of large lines between two collections; each has left about three copies: its text, the store's, its bytes. */
const LARGE_BYTES_MAX = 8 * 1024 * 1024

export class Garbage {
  #bytes = 0

  constructor(
    private readonly collect: () => void,
    private readonly bytesMax = LARGE_BYTES_MAX,
  ) {}

  /** Bytes of a line, or of a part of it, that will be garbage soon. */
  made(bytes: number, lineBytes = bytes): void {
    if (lineBytes < LARGE_LINE_BYTES) return
    this.#bytes += bytes
    if (this.#bytes < this.bytesMax) return
    this.#bytes = 0
    this.collect()
  }
}

let collectAll: (() => void) | undefined

/** Memory is the process's, and so is this. */
export const processGarbage = new Garbage(() => {
  collectAll ??= exposed()
  collectAll()
})

function exposed(): () => void {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
}
