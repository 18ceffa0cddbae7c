// A command as a task type, as the owner of a worker wrote it (P30): `thumbnail=convert {} -resize 200x {}.png`. Read once, at
// the start; what a client sends becomes the text of whole arguments, or goes to standard input, and is never code.
import { accessSync, constants, statSync } from 'node:fs'
import { basename, delimiter, join } from 'node:path'
import { DtrError, messageOf } from '../errors.js'
import { wrongTypeName } from '../task/define.js'
import { hasReplacement, NUMBER, replaced } from './replacement.js'
import { splitWords } from './words.js'

/** As in the settings of the same names. */
export interface WrittenCommands {
  /** `type=command line` each. */
  readonly exec: readonly string[]
  /** `type=codes` each: exit codes after which another attempt would be in vain, `2,64-78`; `any` is whatever the command does. */
  readonly execFinal: readonly string[]
  /** Types whose result is what the command printed, as it is: `{ stdout, stderr }`. */
  readonly execOutput?: readonly string[] | undefined
}

export interface Command {
  readonly type: string
  readonly argv: readonly string[]
  /** Whether its arguments hold replacement strings; else the payload goes to its standard input. */
  readonly replaces: boolean
  /** It asks for the number of an input: payloads are `{ input, number }`. */
  readonly numbered: boolean
  readonly finalCodes: ReadonlySet<number>
  /** Another attempt would be in vain however it ended, also by a signal or a timeout. */
  readonly finalAlways: boolean
  /** Its result is `{ stdout, stderr }`. */
  readonly printsAsIs: boolean
}

type Entry = Omit<Command, 'finalCodes' | 'finalAlways' | 'printsAsIs'> & {
  readonly finalCodes: Set<number>
  finalAlways: boolean
  printsAsIs: boolean
}

/** What the system takes as one argument, on Linux. */
const ARGUMENT_BYTES_MAX = 128 * 1024 - 1
const EXIT_CODE_MAX = 255
/** For exit codes: all of them, and signals and timeouts as well. */
const ANY = 'any'
const SHELL = /^(?:ba|da|z|k|mk|a|fi)?sh$/

/** @throws DtrError `bad_input` that names the entry and what is wrong with it */
export function readCommands({ exec, execFinal, execOutput = [] }: WrittenCommands): readonly Command[] {
  const commands = exec.map((entry) =>
    readCommand(entry, ...halvesOf('exec', entry, 'thumbnail=convert {} -resize 200x {}.png')),
  )
  for (const [index, { type }] of commands.entries()) {
    const first = commands.findIndex((each) => each.type === type)
    if (first === index) continue
    throw new DtrError('bad_input', `exec: the task type "${type}" stands for two commands`, {
      hint: `"${exec[first]}" and "${exec[index]}"`,
    })
  }
  for (const entry of execFinal) {
    const [type, text] = halvesOf('execFinal', entry, 'thumbnail=2,64-78')
    const command = commandOf(commands, 'execFinal', entry, type)
    if (text.trim() === ANY) command.finalAlways = true
    else for (const code of readCodes(entry, text)) command.finalCodes.add(code)
  }
  for (const type of execOutput) commandOf(commands, 'execOutput', type, type).printsAsIs = true
  return commands
}

function commandOf(commands: readonly Entry[], setting: string, entry: string, type: string): Entry {
  const command = commands.find((each) => each.type === type)
  if (command !== undefined) return command
  throw new DtrError('bad_input', `${setting}: "${entry}": there is no command of the type "${type}"`, {
    hint: 'exec names the commands',
  })
}

/**
 * A command line as the command of a task type.
 * @param entry what errors call it
 * @throws DtrError `bad_input` as `readCommands` does
 */
export function readCommand(entry: string, type: string, line: string): Entry {
  const wrong = (why: string, hint?: string): DtrError =>
    new DtrError('bad_input', `exec: "${entry}": ${why}`, hint === undefined ? {} : { hint })
  const wrongName = wrongTypeName(type)
  if (wrongName !== undefined) throw wrong(`the task type "${type}" ${wrongName}`)
  let argv: string[]
  try {
    argv = splitWords(line)
  } catch (error) {
    throw wrong(messageOf(error), error instanceof DtrError ? error.hint : undefined)
  }
  const [program = ''] = argv
  if (program === '') throw wrong('names no command')
  if (argv.some((argument) => argument.includes('\0'))) throw wrong('holds a NUL')
  if (hasReplacement(program)) throw wrong('what a client sends cannot name the command')
  const script = scriptOf(argv)
  if (script !== undefined && hasReplacement(script)) {
    throw wrong(
      'what a client sends would be code of the shell',
      `hand it on as an argument of the script: sh -c 'convert "$1" "$1.png"' sh {}`,
    )
  }
  checkProgram(program, wrong)
  return {
    type,
    argv,
    replaces: argv.some(hasReplacement),
    numbered: argv.some((argument) => argument.includes(NUMBER)),
    finalCodes: new Set(),
    finalAlways: false,
    printsAsIs: false,
  }
}

function halvesOf(setting: string, entry: string, example: string): [type: string, rest: string] {
  const equals = entry.indexOf('=')
  if (equals > 0) return [entry.slice(0, equals).trim(), entry.slice(equals + 1)]
  throw new DtrError('bad_input', `${setting}: "${entry}" does not begin with a task type and =`, {
    hint: `write it like ${example}`,
  })
}

/** What a shell among the arguments is to run: `sh -c SCRIPT`. */
function scriptOf(argv: readonly string[]): string | undefined {
  const shell = argv.findIndex((argument) => SHELL.test(basename(argument)))
  const flag = shell < 0 ? -1 : argv.findIndex((argument, index) => index > shell && /^-[a-z]*c$/.test(argument))
  return flag < 0 ? undefined : argv[flag + 1]
}

function checkProgram(program: string, wrong: (why: string, hint?: string) => DtrError): void {
  if (program.startsWith('-')) throw wrong(`the command ${program} begins with -`)
  const folders = program.includes('/') ? [''] : (process.env.PATH ?? '').split(delimiter)
  const found = folders.map((folder) => join(folder, program)).filter(isFile)
  if (found.some(isExecutable)) return
  if (found[0] !== undefined) throw wrong(`${found[0]} is not executable`, `chmod +x ${found[0]}`)
  if (program.includes('/')) throw wrong(`there is no file ${program}`, `seen from ${process.cwd()}`)
  throw wrong(`there is no command ${program}`, `PATH is ${process.env.PATH ?? 'empty'}`)
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile()
  } catch {
    return false
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function readCodes(entry: string, text: string): number[] {
  return text.split(',').flatMap((part) => {
    const match = /^\s*(\d{1,3})(?:-(\d{1,3}))?\s*$/.exec(part)
    const first = Number(match?.[1])
    const last = Number(match?.[2] ?? match?.[1])
    if (match === null || first < 1 || last > EXIT_CODE_MAX || first > last) {
      throw new DtrError(
        'bad_input',
        `execFinal: "${entry}": "${part}" is not an exit code from 1 to ${EXIT_CODE_MAX}`,
        {
          hint: 'write codes and ranges with commas, such as 2,64-78, or any',
        },
      )
    }
    return Array.from({ length: last - first + 1 }, (_, index) => first + index)
  })
}

/** What a payload makes of a command whose arguments hold replacement strings. */
export type Filled = { readonly argv: readonly string[] } | { readonly refusal: string }

/**
 * @param payload a text or a number, or a list of them: then each argument that holds one is repeated for each. Where the
 * command asks for the number of an input `{ input, number }`, and `input` is that.
 */
export function filled({ argv, numbered }: Pick<Command, 'argv' | 'numbered'>, payload: unknown): Filled {
  if (numbered && !isNumbered(payload)) {
    return { refusal: `the payload must be {"input": ..., "number": 1}: the command asks for ${NUMBER}` }
  }
  const { input, number } = numbered ? (payload as Numbered) : { input: payload, number: undefined }
  const inputs: readonly unknown[] = Array.isArray(input) ? input : [input]
  if (!inputs.every(isInput)) {
    return { refusal: 'the payload must be a text or a number, or a list of them: it becomes arguments of a command' }
  }
  const texts = inputs.map(String)
  const filledArgv: string[] = []
  let optionsMayCome = true
  for (const argument of argv) {
    if (argument === '--') optionsMayCome = false
    if (!hasReplacement(argument)) filledArgv.push(argument)
    else {
      for (const [index, text] of texts.entries()) {
        const made = replaced(argument, text, number)
        const refusal = wrongArgument(made)
        if (refusal !== undefined) return { refusal }
        // A client could give the command options that its owner did not: some of them run other commands (P30).
        if (optionsMayCome && made.startsWith('-') && !argument.startsWith('-') && typeof inputs[index] !== 'number') {
          return {
            refusal: `the payload ${shown(text)} would be taken for an option: write ./ before the name of a file, or let the owner of the worker write -- before it`,
          }
        }
        filledArgv.push(made)
      }
    }
  }
  return { argv: filledArgv }
}

interface Numbered {
  readonly input: unknown
  readonly number: number
}

function isNumbered(payload: unknown): payload is Numbered {
  if (typeof payload !== 'object' || payload === null) return false
  return 'input' in payload && 'number' in payload && Number.isSafeInteger(payload.number)
}

function isInput(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number'
}

function wrongArgument(argument: string): string | undefined {
  if (argument.includes('\0')) return 'the payload holds a NUL, which no argument of a command can'
  const bytes = Buffer.byteLength(argument)
  if (bytes <= ARGUMENT_BYTES_MAX) return undefined
  return `the payload makes an argument of ${bytes} bytes, and the limit is ${ARGUMENT_BYTES_MAX}: send where it is`
}

function shown(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text)
}
