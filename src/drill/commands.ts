// What drills for commands share: workers that serve the task as a command, and all the processes that one of them is.
import { fileURLToPath } from 'node:url'
import { type MonoMs, rawMonoMs } from '../clock.js'
import type { GivenSettings } from '../config.js'
import { COMMAND_TYPE } from './load.js'
import { isAlive, processesBelow } from './processes-below.js'
import type { Stage } from './stage.js'

const PROGRAM = fileURLToPath(new URL('./witness-command.js', import.meta.url))

/** For workers. */
export const SERVES_COMMANDS: GivenSettings = { exec: [`${COMMAND_TYPE}='${process.execPath}' '${PROGRAM}'`] }

/** A command that hears nothing, with so many children, of which each has one. */
export const DEAF_CHILDREN = 2
/** Itself, shells, and what those wait for. */
const FAMILY = 1 + 2 * DEAF_CHILDREN

/** All processes of the commands of these tasks, once they are there. */
export async function familiesOf(stage: Stage, tasks: readonly string[]): Promise<readonly number[]> {
  const families = tasks.map((task) =>
    stage.until(`the command of ${task}, and its children`, () => {
      const command = stage.signs.findLast((sign) => sign.task === task)?.command
      if (command === undefined || !isAlive(command)) return undefined
      const family = [command, ...processesBelow(command)]
      return family.length >= FAMILY && family
    }),
  )
  return (await Promise.all(families)).flat()
}

/** Resolves with the moment at which none of them is left. */
export async function untilNoneOf(stage: Stage, pids: readonly number[]): Promise<MonoMs> {
  await stage.until(`the end of ${pids.length} processes`, () => !pids.some(isAlive))
  return rawMonoMs()
}
