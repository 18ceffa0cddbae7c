// Settings as they travel: from a process to its children as text, and from a person to a process.
import fc, { type Arbitrary } from 'fast-check'
import { exactDuration, exactSize, parseSize } from '../../src/config/parse.js'
import {
  flagOf,
  formatDuration,
  formatSetting,
  isSettingName,
  readDuration,
  resolveSettings,
  SETTING_NAMES,
  SETTINGS,
  type SettingName,
  variableOf,
} from '../../src/config.js'
import { DtrError } from '../../src/errors.js'
import { holds, same } from './holds.js'

const MS_MAX = 100 * 366 * 86_400_000

holds(
  'a duration or a size that was written is read as the very same',
  fc.property(fc.integer({ min: 0, max: MS_MAX }), fc.integer({ min: 0, max: 2 ** 50 }), (ms, bytes) => {
    same(readDuration(exactDuration(ms), 'x'), ms)
    same(parseSize(0, 2 ** 60)(exactSize(bytes), 'x'), bytes)
  }),
  1_000,
)

holds(
  'a duration as it is shown to people is right to a twentieth, and can be read',
  fc.property(fc.integer({ min: 0, max: MS_MAX }), (ms) => {
    const read = readDuration(formatDuration(ms), 'x')
    if (Math.abs(read - ms) > Math.max(0.5, ms / 20)) throw new Error(`${ms} ms is shown as ${formatDuration(ms)}`)
  }),
  1_000,
)

holds(
  'durations of several parts are their sum',
  fc.property(
    fc.array(fc.tuple(fc.nat(1_000), fc.constantFrom('ms', 's', 'm', 'h', 'd')), { minLength: 1, maxLength: 4 }),
    (parts) => {
      const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }
      const sum = parts.reduce((all, [count, unit]) => all + count * unitMs[unit], 0)
      same(readDuration(parts.map((part) => part.join('')).join(''), 'x'), sum)
    },
  ),
  1_000,
)

/** What a person may have written: close to right, and not at all. */
const WRITTEN: Arbitrary<string> = fc.oneof(
  fc.tuple(fc.nat(100_000), fc.constantFrom('', 'ms', 's', 'm', 'h', 'd', 'KiB', 'GB')).map((parts) => parts.join('')),
  fc.tuple(fc.nat(70_000), fc.nat(70_000)).map((parts) => parts.join('-')),
  fc
    .tuple(fc.nat(900), fc.nat(9), fc.constantFrom('ms', 's', 'KiB'))
    .map(([whole, tenths, unit]) => `${whole}.${tenths}${unit}`),
  fc.constantFrom(
    'true',
    'off',
    'yes',
    'never',
    'debug',
    '-1',
    '1e9',
    '0x10',
    'NaN',
    'Infinity',
    '٣',
    '1_000',
    '5s5',
    '',
  ),
  fc.array(fc.stringMatching(/^[a-z./]{1,5}$/), { maxLength: 3 }).map((items) => items.join(',')),
  fc.string({ unit: 'binary', maxLength: 20 }),
)

let [read, refused] = [0, 0]
holds(
  'whatever is written for a setting is refused as bad input, or is a value that its own text gives again',
  fc.property(fc.constantFrom(...SETTING_NAMES), WRITTEN, (name, text) => {
    let value: unknown
    try {
      value = SETTINGS[name].parse(text, flagOf(name))
    } catch (error) {
      refused += 1
      if (!(error instanceof DtrError) || error.code !== 'bad_input') throw error
      return
    }
    read += 1
    if (typeof value === 'number' && !Number.isSafeInteger(value)) throw new Error(`${name} is ${value}`)
    same(SETTINGS[name].parse(formatSetting(name, value as never), flagOf(name)), value)
  }),
  6_000,
  (t) => t.ok(read > 300 && refused > 300, `${read} were read, ${refused} refused`),
)

const TIMES = ['heartbeat', 'suspect', 'codeDead', 'lease'] as const
const MORE = fc.oneof(fc.integer({ min: -2, max: 2 }), fc.nat(20_000))
/** Each a little more than the one before, or not; and not all of them given. */
const GIVEN = fc
  .tuple(fc.integer({ min: 600, max: 3_000 }), MORE, MORE, MORE, fc.subarray([...TIMES]))
  .map(([first, ...rest]) => {
    const [suspect, codeDead, lease, named] = rest
    const ms = { heartbeat: first, suspect: first + suspect, codeDead: first + suspect + codeDead, lease: 0 }
    ms.lease = ms.codeDead + lease
    return Object.fromEntries(named.map((name) => [name, `${ms[name]}ms`]))
  })
const timings = { taken: 0, refused: 0 }
holds(
  'P7: timings that are taken are in order, whichever of them were given, and where',
  fc.property(GIVEN, fc.boolean(), (given, byVariable) => {
    const environment = Object.entries(given).map(([name, value]) => [variableOf(name as SettingName), value])
    try {
      const settings = byVariable ? resolveSettings({}, Object.fromEntries(environment)) : resolveSettings(given, {})
      timings.taken += 1
      const times = TIMES.map((name) => settings[name])
      if (times.some((ms, index) => index > 0 && ms <= times[index - 1]!)) throw new Error(`in disorder: ${times}`)
    } catch (error) {
      if (!(error instanceof DtrError)) throw error
      timings.refused += 1
    }
  }),
  2_000,
  (t) => t.ok(timings.taken > 100 && timings.refused > 100, `${timings.taken} taken, ${timings.refused} refused`),
)

holds(
  'no name but those of the table is a setting',
  fc.property(
    fc.oneof(fc.constantFrom('__proto__', 'constructor', 'toString', 'hasOwnProperty'), fc.string()),
    (name) => {
      same(isSettingName(name), (SETTING_NAMES as readonly string[]).includes(name))
    },
  ),
)
