// Which drills there are, which of them are meant, what may be skipped; and how chance is drawn.
import t from 'tap'
import { Chance } from '../../src/drill/chance.js'
import type { DrillResult } from '../../src/drill/drill.js'
import { chooseDrills, DRILLS, isFine } from '../../src/drill/drills.js'
import { FAILPOINTS, lastWords } from '../../src/drill/failpoints.js'
import { whatIsMissing } from '../../src/drill/needs.js'
import { runDrill } from '../../src/drill/run.js'
import { DtrError } from '../../src/errors.js'

t.test('every drill has a name of its own, a summary, and promises', async (t) => {
  t.equal(new Set(DRILLS.map(({ name }) => name)).size, DRILLS.length)
  for (const { name, promises, summary } of DRILLS) {
    t.match(name, /^[a-z]+(-[a-z]+)*$/)
    t.match(summary, /^.{10,100}$/, name)
    t.ok(promises.length > 0 && promises.every((promise) => /^P([1-9]|[12]\d|30)$/.test(promise)), name)
  }
})

t.test('drills are chosen by name; a wrong one is an error with the nearest', async (t) => {
  t.same(
    chooseDrills(['kill-all', 'kill-worker']).map(({ name }) => name),
    ['kill-worker', 'kill-all'],
  )
  t.throws(() => chooseDrills(['kil-worker']), { code: 'bad_input', hint: 'did you mean: kill-worker' })
})

t.test('what is missing is a skip with its reason, and a failure where every fault is required', async (t) => {
  const need = { name: 'nothing', missing: () => 'nothing is missing' }
  t.equal(whatIsMissing([need]), 'nothing is missing')
  const run = async (): Promise<void> => {
    throw new Error('was run')
  }
  const drill = { name: 'one', promises: ['P1'], summary: 'one', needs: [need], run }
  const { signal } = new AbortController()
  const result = await runDrill(drill, { quick: true, seed: 1, signal, happened: () => {} })
  t.match(result, { outcome: 'skipped', reason: 'nothing is missing' })
  t.ok(isFine(result, false))
  t.notOk(isFine(result, true))
  t.ok(isFine(result, true, { one: 'the reason' }))
  const broke: DrillResult = { ...result, outcome: 'broke' }
  t.notOk(isFine(broke, false))
})

t.test('a tool that may not do its work here is a skip as well', async (t) => {
  const run = async (): Promise<void> => {
    throw new DtrError('unsupported', 'strace cannot attach')
  }
  const drill = { name: 'one', promises: ['P1'], summary: 'one', needs: [], run }
  const { signal } = new AbortController()
  const result = await runDrill(drill, { quick: true, seed: 1, signal, happened: () => {} })
  t.match(result, { outcome: 'skipped', reason: 'strace cannot attach' })
})

t.test('a drill that throws has not held', async (t) => {
  const run = async (): Promise<void> => {
    throw new Error('waited in vain')
  }
  const drill = { name: 'one', promises: ['P1'], summary: 'one', needs: [], run }
  const { signal } = new AbortController()
  const result = await runDrill(drill, { quick: true, seed: 1, signal, happened: () => {} })
  t.match(result, { outcome: 'broke', reason: 'waited in vain' })
})

t.test('the same seed draws the same', async (t) => {
  const draw = (seed: number): unknown => {
    const chance = new Chance(seed)
    return [chance.fraction(), chance.between(1, 6), chance.shuffled([1, 2, 3, 4, 5])]
  }
  t.same(draw(7), draw(7))
  t.notSame(draw(7), draw(8))
  const chance = new Chance(1)
  const thrown = Array.from({ length: 200 }, () => chance.between(1, 6))
  t.same([...new Set(thrown)].sort(), [1, 2, 3, 4, 5, 6])
})

t.test('failpoints have names of their own; the tracer tells within which message a master died', async (t) => {
  t.equal(new Set(FAILPOINTS.map(({ name }) => name)).size, FAILPOINTS.length)
  const traced = [
    String.raw`7 write(21, "{\"type\":\"heard\",\"n\":1}\n", 22) = 22`,
    String.raw`7 write(21, "{\"type\":\"assign\",\"seq\":1,\"list\":[{\"id"..., 500 <unfinished ...>`,
    '7 +++ killed by SIGKILL +++',
  ].join('\n')
  t.equal(lastWords(traced), 'assign')
  t.equal(lastWords(''), undefined)
})
