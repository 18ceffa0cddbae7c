// dtr doctor: what on this machine keeps a cluster from running well, in words that say what to do.
import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { clusterFolder } from '../client/connect.js'
import { FOLDER_NAME } from '../client/folder.js'
import type { SettingName } from '../config.js'
import { DtrError, EXIT_OK, messageOf } from '../errors.js'
import { escapeControls } from '../log.js'
import { type Command, JSON_FLAG } from './command.js'
import { checkFolder, checkLogs, checkMachine, checkPorts, type Finding } from './doctor-checks.js'
import { plainTable } from './table.js'
import { whereabouts } from './whereabouts.js'

const SETTINGS_USED: readonly SettingName[] = ['data', 'logs', 'port', 'workerPorts']

export const doctor: Command = {
  name: 'doctor',
  about: 'what keeps a cluster from running well here, and what to do; exit 1 where there is a problem',
  settings: SETTINGS_USED,
  flags: JSON_FLAG,
  examples: [
    ['doctor', 'Node, disk, clock, ports, the folder of the cluster and its processes'],
    [`doctor --json | jq '.[] | select(.state != "ok")'`, 'for programs'],
  ],
  async run(flags, output) {
    const { folder, trouble } = find(flags.settings(['data']).data)
    const { logs, ...ports } = whereabouts(flags, folder)
    const findings: readonly Finding[] = [
      ...(await checkMachine()),
      ...(folder === undefined ? [trouble] : checkFolder(folder)),
      checkLogs(logs),
      ...checkPorts(ports, folder),
    ]
    if (flags.has('json')) await output.json(findings)
    else {
      const rows = findings.map(({ check, state, words }) => [state, check, escapeControls(words)])
      for (const line of plainTable(['STATE', 'CHECK', ''], rows)) await output.line(line)
    }
    return findings.some(({ state }) => state === 'problem') ? new DtrError('internal', '').exitCode : EXIT_OK
  },
}

type Place = { folder: string; trouble?: undefined } | { folder?: undefined; trouble: Finding }

function find(data: string | undefined): Place {
  const none = (state: Finding['state'], words: string): Place => ({ trouble: { check: 'folder', state, words } })
  try {
    const folder = clusterFolder(data, process.env)
    const stats = statSync(folder ?? FOLDER_NAME, { throwIfNoEntry: false })
    if (stats?.isDirectory() === false) {
      return none(
        'problem',
        `${folder ?? resolve(FOLDER_NAME)} is not a folder: move it away, or name another with --data`,
      )
    }
    if (folder !== undefined && stats !== undefined) return { folder }
    return none('warning', `there is no ${folder ?? '.dtr here or above'}: dtr start makes one`)
  } catch (error) {
    return none('problem', `${messageOf(error)}${error instanceof DtrError ? `; ${error.hint ?? ''}` : ''}`)
  }
}
