import t from 'tap'
import { formatSetting, resolveSettings, SETTINGS, type SettingName, variableOf } from '../src/config.js'

t.test('defaults, then variables, then what was given', async (t) => {
  const settings = resolveSettings({ slots: 3, drain: '2s' }, { DTR_SLOTS: '2', DTR_PORT: '6000', OTHER: 'x' })
  t.match(settings, { slots: 3, port: 6000, drain: 2_000, workerPorts: { first: 5000, last: 5100 } })
  t.equal(resolveSettings({ slots: undefined }, { DTR_SLOTS: '2' }).slots, 2, 'undefined says nothing')
})

t.test('never is said as text, by flag and by variable', async (t) => {
  t.equal(resolveSettings({}, {}).masterTimeout, 30_000)
  t.equal(resolveSettings({ masterTimeout: 'never' }, {}).masterTimeout, undefined)
  t.equal(resolveSettings({}, { DTR_MASTER_TIMEOUT: 'never' }).masterTimeout, undefined)
})

t.test('unknown names and values out of range are errors that name the setting', async (t) => {
  t.throws(() => resolveSettings({}, { DTR_SLOT: '2' }), { code: 'bad_input', message: /DTR_SLOT/ })
  t.throws(() => resolveSettings({ slot: 2 } as object, {}), { code: 'bad_input', message: /slot/ })
  t.throws(() => resolveSettings({ slots: 0 }, {}), { code: 'bad_input', message: /slots.*1 to 10000/ })
  t.throws(() => resolveSettings({ drain: Number.NaN }, {}), { code: 'bad_input', message: /drain/ })
  t.throws(() => resolveSettings({ slots: 'x' }, {}, (name) => `--${name}`), { message: /^--slots/ })
  t.throws(() => resolveSettings({ id: '../x' }, {}), { code: 'bad_input', message: /id/ })
  t.throws(() => resolveSettings({ lease: '3s' }, {}), { code: 'bad_input', message: /--lease/ })
})

t.test('what is formatted is read as the same', async (t) => {
  for (const [name, { default: value, parse }] of Object.entries(SETTINGS)) {
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue
    t.same(parse(formatSetting(name as SettingName, value), name), value, variableOf(name as SettingName))
  }
})
