// Counts the words of a text.
import { readFile } from 'node:fs/promises'
import { defineTasks } from 'dtr'

export type Counts = Record<string, number>

export default defineTasks({
  async words(file: string): Promise<Counts> {
    const counts: Counts = {}
    for (const [word] of (await readFile(file, 'utf8')).toLowerCase().matchAll(/\p{L}{4,}/gu)) {
      counts[word] = (counts[word] ?? 0) + 1
    }
    return counts
  },
})
