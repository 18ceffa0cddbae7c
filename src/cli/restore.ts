// dtr restore: puts a backup into the folder of a cluster that does not run.
import { resolve } from 'node:path'
import { EXIT_OK } from '../errors.js'
import { makeFolder } from '../launch/folder.js'
import { inspectData, restore as restoreData } from '../store/open.js'
import { describeData } from './backup.js'
import { type Command, JSON_FLAG } from './command.js'

export const restore: Command = {
  name: 'restore',
  positionals: '<file>',
  about: 'put a backup into the folder of a cluster that does not run',
  words: 'files',
  settings: ['data'],
  flags: { ...JSON_FLAG, replace: { about: 'replace the tasks that are there; they are kept beside' } },
  examples: [
    ['restore tasks-today.db', 'into .dtr here, which is made where it is missing; then dtr start'],
    ['restore tasks-today.db --data /srv/dtr/.dtr --replace', 'instead of what is there'],
  ],
  async run(flags, output) {
    const file = flags.demanded('file')
    const folder = resolve(flags.resolve(['data']).data)
    inspectData(file) // Before a folder is made for it.
    makeFolder(folder)
    const report = await restoreData({ file, folder, replace: flags.has('replace') })
    if (flags.has('json')) await output.json({ file, folder, ...report, kept: report.kept ?? null })
    else for (const line of describe(report, folder)) await output.line(line)
    return EXIT_OK
  },
}

function describe(report: Awaited<ReturnType<typeof restoreData>>, folder: string): readonly string[] {
  const { kept, tasks } = report
  return [
    `restored ${describeData(report)} into ${folder}`,
    ...(kept === undefined ? [] : [`what was there is kept as ${kept}`]),
    ...(tasks.running === undefined ? [] : ['what ran when the backup was taken counts as lost 15 s after the start']),
    `start it with: dtr start --data ${folder}`,
  ]
}
