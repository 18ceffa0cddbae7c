import { once } from 'node:events'
import { connect, createServer, type Server } from 'node:net'
import t, { type Test } from 'tap'
import { listenOnFirstFree } from '../../src/net/ports.js'

const HOST = '127.0.0.1'

async function hold(port: number): Promise<Server | undefined> {
  const server = createServer()
  server.listen({ host: HOST, port })
  try {
    await once(server, 'listening')
    return server
  } catch {
    return undefined
  }
}

/** Holds `count` ports in a row, wherever the machine has them free. */
async function holdRow(t: Test, count: number): Promise<{ first: number; held: Server[] }> {
  for (let first = 21_000 + (process.pid % 500) * 10; ; first += count) {
    const held = (await Promise.all(Array.from({ length: count }, (_, index) => hold(first + index)))).filter(
      (server) => server !== undefined,
    )
    if (held.length === count) {
      t.teardown(() => held.map((server) => server.close()))
      return { first, held }
    }
    for (const server of held) server.close()
  }
}

t.test('the first free port of a range, and in the end none', async (t) => {
  const { first, held } = await holdRow(t, 5)
  const last = first + 4
  await t.rejects(listenOnFirstFree({ host: HOST, first, last }), {
    code: 'ports_taken',
    message: `all ports ${first}-${last} of ${HOST} are taken`,
  })
  await t.rejects(listenOnFirstFree({ host: HOST, first, last: first }), { message: /^port \d+ of/ })
  held[3]?.close()
  await once(held[3]!, 'close')
  const { server, port } = await listenOnFirstFree({ host: HOST, first, last })
  t.equal(port, first + 3)
  server.close()
})

t.test('many at the same time each get their own', async (t) => {
  const { first, held } = await holdRow(t, 10)
  await Promise.all(held.map((server) => new Promise((resolve) => server.close(resolve))))
  const all = await Promise.all(
    Array.from({ length: 10 }, () => listenOnFirstFree({ host: HOST, first, last: first + 9 })),
  )
  t.equal(new Set(all.map(({ port }) => port)).size, 10)
  for (const { server } of all) server.close()
})

t.test('an address that is not of this machine', async (t) => {
  await t.rejects(listenOnFirstFree({ host: '192.0.2.1', first: 5_000, last: 5_100 }), {
    code: 'bad_input',
    message: /192\.0\.2\.1:5000: it is no address of this machine/,
  })
})

t.test('who connects before anybody accepts is kept, and greeted then', async (t) => {
  const { server, port, release } = await listenOnFirstFree({ host: HOST, first: 0, last: 0 })
  const socket = connect({ host: HOST, port })
  await once(server, 'connection')
  const kept = release()
  t.equal(kept.length, 1)
  kept[0]?.end('{"dtr":1}')
  const [greeting] = await once(socket, 'data')
  t.equal(String(greeting), '{"dtr":1}')
  const late = connect({ host: HOST, port })
  const [unkept] = await once(server, 'connection')
  t.equal(release().length, 1, 'nobody else is kept once it was asked for')
  for (const end of [socket, late, unkept]) end.destroy()
  await new Promise((resolve) => server.close(resolve))
})
