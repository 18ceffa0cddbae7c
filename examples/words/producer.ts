// Has files counted by the cluster, and prints the ten most frequent words of all of them.
import { resolve } from 'node:path'
import { connect } from 'dtr'
import type { Counts } from './tasks.js'

// The workers have another current folder: they get whole paths.
const files = process.argv.slice(2).map((file) => resolve(file))
const client = await connect()
const total = new Map<string, number>()

// Results come as they are ready. Leaving the loop would cancel what is not.
for await (const end of client.map<Counts>('words', files, { timeout: '30s' })) {
  if (end.result === undefined) console.error(`${files[end.index]}: ${end.error?.message}`)
  for (const [word, count] of Object.entries(end.result ?? {})) total.set(word, (total.get(word) ?? 0) + count)
}

const most = [...total].sort(([, a], [, b]) => b - a).slice(0, 10)
for (const [word, count] of most) console.log(String(count).padStart(6), word)
client.close()
