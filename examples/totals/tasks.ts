// Adds up a column of a CSV file.
import { readFile } from 'node:fs/promises'
import { defineTasks, NonRetryableError } from 'dtr'

export default defineTasks({
  totals: {
    // Checked before the code runs: a payload that it refuses ends the task with the reason. Its types come from here, too.
    schema: {
      type: 'object',
      required: ['file', 'column'],
      additionalProperties: false,
      properties: { file: { type: 'string', minLength: 1 }, column: { type: 'string', minLength: 1 } },
    },
    timeout: '1m',
    retries: 3,
    async run({ file, column }) {
      // A file that is not there yet may be there at the next attempt: an ordinary error.
      const [header = '', ...rows] = (await readFile(file, 'utf8')).trim().split('\n')
      const index = header.split(',').indexOf(column)
      // No further attempt would find it.
      if (index < 0) throw new NonRetryableError(`${file} has no column ${column}, it has ${header}`)
      const cents = rows.map((row) => Math.round(Number(row.split(',')[index]) * 100))
      return { rows: rows.length, total: cents.reduce((sum, amount) => sum + amount, 0) / 100 }
    },
  },
})
