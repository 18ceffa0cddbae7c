// "Sends" a letter once, however often its task is begun.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { defineTasks } from 'dtr'

export default defineTasks({
  letter: {
    schema: {
      type: 'object',
      required: ['to', 'text'],
      properties: { to: { type: 'string' }, text: { type: 'string' } },
    },
    async run({ to, text }, ctx) {
      const folder = process.env.OUTBOX ?? 'outbox'
      await mkdir(folder, { recursive: true })
      try {
        // `wx` makes a file or fails: of all attempts one does it, also of two at the same time.
        await writeFile(join(folder, `${ctx.idempotencyKey}.txt`), `To: ${to}\n\n${text}\n`, { flag: 'wx' })
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
        ctx.log(`sent by an attempt before, this is ${ctx.attempt}`)
        return { sent: 'before' }
      }
      // The worst moment to die is here: it is sent, and nobody knows.
      if (process.env.DIE_AFTER_SENDING && ctx.attempt === 1) process.exit(1)
      return { sent: 'now' }
    },
  },
})
