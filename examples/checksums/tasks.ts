// The SHA-256 of a file, however big, with a word on the way.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { defineTasks } from 'dtr'

const WORD_EVERY_BYTES = 100 * 1024 * 1024

export default defineTasks({
  async sha256(file: string, ctx) {
    const { size } = await stat(file)
    const hash = createHash('sha256')
    let bytes = 0
    // The signal ends the stream, and with it this attempt: after a timeout, a cancel, or when the master is lost.
    for await (const chunk of createReadStream(file, { signal: ctx.signal })) {
      hash.update(chunk)
      if (Math.floor((bytes + chunk.length) / WORD_EVERY_BYTES) > Math.floor(bytes / WORD_EVERY_BYTES)) {
        ctx.log(`${file}: ${Math.round((bytes / size) * 100)} %`)
      }
      bytes += chunk.length
    }
    return { file, bytes, sha256: hash.digest('hex') }
  },
})
