// Which flags of a command line are not known, for a hint at what was meant.
export { nearest } from '../config/nearest.js'

/** The flags among `args` that are not known, as they were written: `--wrokers`. */
export function unknownFlags(args: readonly string[], known: readonly string[]): readonly string[] {
  const end = args.indexOf('--')
  return args
    .slice(0, end === -1 ? args.length : end)
    .filter((arg) => arg.startsWith('--'))
    .map((arg) => arg.replace(/=.*$/s, ''))
    .filter((flag) => !known.includes(flag.slice(2)))
}
