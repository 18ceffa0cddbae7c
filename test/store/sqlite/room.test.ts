// How much room a disk must have for new tasks (P24).
import t from 'tap'
import { isDiskShort, isShort } from '../../../src/store/sqlite/room.js'

const MIB = 1_048_576
const disk = (size: number, free: number) => ({
  bsize: 4_096,
  blocks: (size * MIB) / 4_096,
  bavail: (free * MIB) / 4_096,
})

t.test('an eighth of a small disk and 64 MiB of a large one are kept for what was accepted', async (t) => {
  t.notOk(isShort(disk(64, 8)))
  t.ok(isShort(disk(64, 7)))
  t.notOk(isShort(disk(1_000_000, 64)))
  t.ok(isShort(disk(1_000_000, 63)))
})

t.test('what the system does not say is no reason to refuse', async (t) => {
  t.notOk(isDiskShort('/there/is/no/such/folder'))
})
