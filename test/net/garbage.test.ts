// P23: what large lines leave is collected before it is too much.
import t from 'tap'
import { Garbage, processGarbage } from '../../src/net/garbage.js'

const KIB = 1024

t.test('collected each time that the large lines have come to the bound', async (t) => {
  let collections = 0
  const garbage = new Garbage(
    () => {
      collections += 1
    },
    8 * 1024 * KIB,
  )
  for (let n = 0; n < 8; n += 1) garbage.made(1023 * KIB)
  t.equal(collections, 0)
  garbage.made(8 * KIB, 1000 * KIB)
  t.equal(collections, 1, 'a part of a large line counts')
  for (let n = 0; n < 16; n += 1) garbage.made(1023 * KIB)
  t.equal(collections, 2)
})

t.test('small lines are not counted', async (t) => {
  const garbage = new Garbage(() => t.fail('collected'), KIB)
  for (let n = 0; n < 1_000; n += 1) garbage.made(511 * KIB)
})

t.test('the bytes of the process are given back', async (t) => {
  const MIB = 1024 * KIB
  const before = process.memoryUsage().arrayBuffers
  for (let n = 0; n < 400; n += 1) processGarbage.made(Buffer.alloc(MIB, n).length)
  const held = process.memoryUsage().arrayBuffers - before
  t.ok(held < 24 * MIB, `${held / MIB} MiB`)
})
