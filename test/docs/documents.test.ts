// What the documents say is there: files, headings, commands and flags.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { run } from '../package/packed.js'
import { BIN } from '../processes/cluster.js'
import { commandsIn, documents, headingsOf, linksOf, ROOT } from './documents.js'

async function help(...args: string[]): Promise<string> {
  const { stdout } = await run(process.execPath, [BIN, ...args, '--help'], { env: { ...process.env, COLUMNS: '120' } })
  return stdout
}

function matches(text: string, pattern: RegExp): string[] {
  return [...new Set([...text.matchAll(pattern)].map((match) => match[1]!))]
}

const COMMANDS = matches(await help(), /^ {2}([a-z]+) /gm)
const FLAGS = new Map(
  await Promise.all(
    COMMANDS.map(async (command) => [command, matches(await help(command), /(--[a-z][a-z-]*)/g)] as const),
  ),
)

t.test('every link leads somewhere', async (t) => {
  t.ok(documents().length > 5)
  for (const path of documents()) {
    for (const link of linksOf(path)) {
      const there = existsSync(join(ROOT, link.path))
      t.ok(there, `${path} links to ${link.path}`)
      if (there && link.heading !== undefined)
        t.ok(headingsOf(link.path).includes(link.heading), `${path} links to ${link.path}#${link.heading}`)
    }
  }
})

t.test('every command and flag that a document names is there', async (t) => {
  const written = documents().filter((path) => !/CHANGELOG|PROTOCOL/.test(path))
  for (const path of written) {
    for (const command of commandsIn(path)) {
      const [name = ''] = command.split(/\s/)
      if (name.startsWith('--') || !/^[a-z]+$/.test(name)) continue
      if (!t.ok(COMMANDS.includes(name), `${path}: dtr ${command}`)) continue
      // What is quoted may be a command of its own, with flags of its own.
      const unknown = matches(command.replace(/'[^']*'/g, "''"), /(?<=\s)(--[a-z][a-z-]*)/g).filter(
        (flag) => !FLAGS.get(name)!.includes(flag),
      )
      t.same(unknown, [], `${path}: dtr ${command}`)
    }
  }
})
