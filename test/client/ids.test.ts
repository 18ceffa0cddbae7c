import t from 'tap'
import { validate, version } from 'uuid'
import { freshId } from '../../src/client/ids.js'

t.test('fresh ids are UUIDv7, each another one and later than the one before', async (t) => {
  const ids = Array.from({ length: 5_000 }, () => freshId(Date.now()))
  t.ok(ids.every((id) => validate(id) && version(id) === 7))
  t.equal(new Set(ids).size, ids.length)
  t.same([...ids].sort(), ids)
  t.equal(new Set(ids.map((id) => id.slice(-11))).size, ids.length, 'and chance in each')
})
