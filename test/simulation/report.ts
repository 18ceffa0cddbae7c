// What a person needs of a broken promise: which, the options of the run, the story of the task, and how to see it again.
import type { Plan } from './plan.js'
import type { Verdict } from './run.js'

const LINES_MAX = 60

export function reportOf({ seed, plan, breach, lines }: Verdict): string {
  if (breach === undefined) return ''
  const { promise, what, taskId } = breach
  const told = lines.filter((line) => isAbout(line, taskId)).slice(-LINES_MAX)
  return [
    `seed ${seed} broke ${promise}: ${what}`,
    '',
    'options:',
    ...optionsOf(plan).map((line) => `  ${line}`),
    '',
    taskId === undefined ? 'the end of the story:' : `the story of task ${taskId}:`,
    ...(told.length > 0 ? told : lines.slice(-LINES_MAX)),
    '',
    `npm run simulate -- --seed ${seed} --trace`,
  ].join('\n')
}

function isAbout(line: string, taskId: string | undefined): boolean {
  return /FAULT|HEALED|BREACH|OVER|starts|ends:/.test(line) || (taskId !== undefined && line.includes(taskId))
}

function optionsOf({ tasks, workers, faults, ...rest }: Plan): string[] {
  const given = Object.entries(rest).map(([name, value]) => `${name} ${JSON.stringify(value)}`)
  const kinds = Object.entries(faults).filter(([, weight]) => weight > 0)
  return [
    ...given,
    `faults ${kinds.map(([name, weight]) => `${name} ${weight.toFixed(2)}`).join(', ') || 'none'}`,
    ...workers.map((worker) => `worker ${JSON.stringify(worker)}`),
    ...tasks.map(({ spec: { payload, ...spec }, runs, ...task }) => {
      const code = runs.map(
        ({ ms, end, abort, hogs }) => `${end} after ${Math.round(ms)}${hogs ? ', hogs' : ''}, ${abort}`,
      )
      return `task ${JSON.stringify({ ...spec, ...task, payloadBytes: payload.length })}: ${code.join('; ')}`
    }),
  ]
}
