// Workers of one machine are told of each other's deaths (P11).
import t from 'tap'
import { MACHINE, Stage } from './stage.js'

async function three() {
  const stage = await Stage.open()
  const [one, beside, elsewhere] = [
    await stage.worker('w1', { slots: 1, machine: MACHINE }),
    await stage.worker('w2', { machine: MACHINE }),
    await stage.worker('w3', { machine: 'another' }),
  ] as const
  const told = (): number[] => [one, beside, elsewhere].map((worker) => stage.got(worker, 'died-beside').length)
  return { stage, one, told }
}

t.test('a host died: the other workers of the machine are told, once a second at most', async (t) => {
  const { stage, one, told } = await three()
  stage.say(one, { type: 'host-died', list: [] })
  stage.say(one, { type: 'host-died', list: [] })
  t.same(told(), [0, 1, 0])
  stage.pass(1_000)
  stage.say(one, { type: 'host-died', list: [] })
  t.same(told(), [0, 2, 0])
})

t.test('a worker is lost: it may have died; one that has drained has not', async (t) => {
  const { stage, one, told } = await three()
  stage.drop(one)
  t.same(told(), [0, 1, 0])
  const drains = await three()
  drains.stage.say(drains.one, { type: 'draining' })
  drains.stage.drop(drains.one)
  t.same(drains.told(), [0, 0, 0])
})

t.test('the slot of code that died with its host is free, before it is known whose fault that was', async (t) => {
  const { stage, one } = await three()
  const client = stage.connect('client', 'client#1')
  stage.submit(client, Array(20).fill({}))
  await stage.settle()
  const [first] = stage.assigned(one)
  t.equal(stage.assigned(one).length, 1)
  stage.say(one, { type: 'host-died', list: [{ id: first!.id, lease: first!.lease }] })
  await stage.settle()
  t.equal(stage.assigned(one).length, 2)
})
