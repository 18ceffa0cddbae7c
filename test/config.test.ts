import t from 'tap'
import {
  formatSetting,
  mergeSettings,
  resolveSettings,
  SETTINGS,
  type SettingName,
  saidBy,
  saidByVariables,
  variableOf,
} from '../src/config.js'

t.test('defaults, then variables, then what was given', async (t) => {
  const settings = resolveSettings({ slots: 3, drain: '2s' }, { DTR_SLOTS: '2', DTR_PORT: '6000', OTHER: 'x' })
  t.match(settings, { slots: 3, port: 6000, drain: 2_000, workerPorts: { first: 5000, last: 5100 } })
  t.equal(resolveSettings({ slots: undefined }, { DTR_SLOTS: '2' }).slots, 2, 'undefined says nothing')
})

t.test('never is said as text, by flag and by variable', async (t) => {
  t.equal(resolveSettings({}, {}).masterTimeout, 30_000)
  t.equal(resolveSettings({ masterTimeout: 'never' }, {}).masterTimeout, 'never')
  t.equal(resolveSettings({}, { DTR_MASTER_TIMEOUT: 'never' }).masterTimeout, 'never')
  const again = resolveSettings(resolveSettings({ masterTimeout: 'never' }, {}), {})
  t.equal(again.masterTimeout, 'never', 'what was resolved resolves to the same')
})

t.test('sizes and counts that may be without limit', async (t) => {
  t.match(resolveSettings({}, {}), { memoryLimit: 'none', recycleMemory: 'none', recycleAfter: 'none' })
  const given = { memoryLimit: '512MiB', recycleMemory: 2 ** 28, recycleAfter: 1_000 }
  const settings = resolveSettings(given, {})
  t.match(settings, { memoryLimit: 2 ** 29, recycleMemory: 2 ** 28, recycleAfter: 1_000 })
  t.equal(formatSetting('memoryLimit', settings.memoryLimit), '512MiB')
  t.equal(formatSetting('recycleAfter', settings.recycleAfter), '1000')
  t.match(resolveSettings(settings, {}), settings, 'what was resolved resolves to the same')
  t.equal(resolveSettings({ memoryLimit: 'none' }, { DTR_MEMORY_LIMIT: '1GiB' }).memoryLimit, 'none')
  t.throws(() => resolveSettings({ memoryLimit: '1MiB' }, {}), {
    message: /memoryLimit: 1MiB is outside 64MiB to 1024TiB/,
  })
  t.throws(() => resolveSettings({ recycleAfter: '0' }, {}), {
    message: /recycleAfter: "0" is not a whole number from 1/,
  })
})

t.test('unknown names and values out of range are errors that name the setting', async (t) => {
  t.throws(() => resolveSettings({}, { DTR_SLOT: '2' }), { code: 'bad_input', message: /DTR_SLOT/ })
  t.throws(() => resolveSettings({ slot: 2 } as object, {}), { code: 'bad_input', message: /slot/ })
  t.throws(() => resolveSettings({ slots: 0 }, {}), { code: 'bad_input', message: /slots.*1 to 10000/ })
  t.throws(() => resolveSettings({ drain: Number.NaN }, {}), { code: 'bad_input', message: /drain/ })
  t.throws(() => saidBy({ slots: 'x' }, (name) => `--${name}`), { message: /^--slots/ })
  t.throws(() => resolveSettings({ id: '../x' }, {}), { code: 'bad_input', message: /id/ })
  t.throws(() => resolveSettings({ lease: '3s' }, {}), { code: 'bad_input', message: /^codeDead|^lease/ })
  t.throws(() => resolveSettings({}, { DTR_WROKERS: '2' }), { code: 'bad_input', hint: 'did you mean: DTR_WORKERS' })
  t.throws(() => resolveSettings({ wrokers: 2 } as object, {}), { code: 'bad_input', hint: 'did you mean: workers' })
})

t.test('values of the wrong type are refused by name', async (t) => {
  const wrong: readonly (readonly [string, unknown, RegExp])[] = [
    ['workers', 2.5, /workers: "2.5" is not a whole number from 0 to 1000/],
    ['workers', true, /workers: true is not a whole number/],
    ['workers', null, /workers: null is not a whole number/],
    ['lease', [1], /lease: \[1\] is not a duration/],
    ['respawn', 1, /respawn: 1 is not true or false/],
    ['hosts', [7], /hosts: \[7\] is not a list of texts/],
    ['hosts', { a: 1 }, /hosts: .* is not a list of texts/],
    ['data', 5, /data: 5 is not a text/],
    ['workerPorts', { first: 9, last: 'x' }, /workerPorts: "9-x" is not a range/],
  ]
  for (const [name, value, message] of wrong) {
    t.throws(() => resolveSettings({ [name]: value }, {}), { code: 'bad_input', message }, name)
  }
})

t.test('each value knows where it came from', async (t) => {
  const variables = saidByVariables({ DTR_SLOTS: '2', DTR_PORT: '6000' })
  const file = saidBy(
    { slots: 4, heartbeat: '1s', drain: '9s' },
    (name) => `f.json: ${name}`,
    () => 'f.json',
  )
  const { settings, from } = mergeSettings(
    file,
    variables,
    saidBy({ port: 7000 }, (name) => `--${name}`),
  )
  t.match(settings, { slots: 2, port: 7000, drain: 9_000, suspect: 2_500 })
  t.match(from, {
    slots: 'DTR_SLOTS',
    port: '--port',
    drain: 'f.json',
    workers: 'default',
    suspect: 'follows heartbeat',
  })
  t.throws(() => mergeSettings(saidBy({ lease: '3s' }, undefined, () => 'f.json')), { message: /lease \(3s, f.json\)/ })
})

t.test('what is formatted is read as the same', async (t) => {
  for (const [name, { default: value, parse }] of Object.entries(SETTINGS)) {
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue
    t.same(parse(formatSetting(name as SettingName, value), name), value, variableOf(name as SettingName))
  }
})
