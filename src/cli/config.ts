// dtr config: every setting, its value, and where that came from.
import { flagOf, formatSetting, type Resolved, SETTING_NAMES, type SettingName, variableOf } from '../config.js'
import { DtrError, EXIT_OK } from '../errors.js'
import { CONFIG_NAMES } from '../launch/config-file.js'
import { type Command, JSON_FLAG } from './command.js'
import type { Flags } from './flags.js'
import { nearest } from './nearest.js'
import { note } from './output.js'
import { plainTable } from './table.js'

interface Row {
  readonly name: SettingName
  readonly value: string
  readonly from: string
}

export const config: Command = {
  name: 'config',
  positionals: '[setting]',
  about: 'the settings in force, and where each comes from',
  settings: SETTING_NAMES,
  flags: JSON_FLAG,
  examples: [
    ['config', 'all of them: by default, from the config file, a variable or a flag'],
    ['config workers', 'one of them'],
    ['config --heartbeat 1s', 'what would be in force with a flag'],
  ],
  async run(flags, output) {
    const rows = rowsOf(flags.resolved(SETTING_NAMES))
    const asked = flags.text('setting')
    const shown = asked === undefined ? rows : rows.filter(({ name }) => name === settingNamed(asked))
    if (flags.has('json')) {
      await output.json(asked === undefined ? { file: flags.config ?? null, settings: shown } : shown[0])
      return EXIT_OK
    }
    const head = asked === undefined ? ['SETTING', 'VALUE', 'FROM'] : []
    for (const line of plainTable(
      head,
      shown.map(({ name, value, from }) => [name, value, from]),
    )) {
      await output.line(line)
    }
    if (asked === undefined) note(whichFile(flags))
    return EXIT_OK
  },
}

function rowsOf({ settings, from }: Resolved): readonly Row[] {
  return SETTING_NAMES.map((name) => ({ name, value: formatSetting(name, settings[name]), from: from[name] }))
}

/** By its name in files, as a flag or as a variable. */
function settingNamed(text: string): SettingName {
  const name = SETTING_NAMES.find((each) => [each, flagOf(each), `--${flagOf(each)}`, variableOf(each)].includes(text))
  if (name !== undefined) return name
  const near = nearest(text, SETTING_NAMES)
  throw new DtrError('bad_input', `unknown setting ${text}`, {
    hint: near === undefined ? 'dtr config lists all that there are' : `did you mean: dtr config ${near}`,
  })
}

function whichFile({ config }: Flags): string {
  return config === undefined
    ? `no config file; ${CONFIG_NAMES.join(', ')} would be read, here or above`
    : `config file: ${config}`
}
