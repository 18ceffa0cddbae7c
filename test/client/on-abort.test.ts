// One listener of a signal for all that wait for it.
import { getEventListeners } from 'node:events'
import t from 'tap'
import { onAbort } from '../../src/client/on-abort.js'

t.test('all are called, once, but those that have left', async (t) => {
  const controller = new AbortController()
  const called: string[] = []
  onAbort(controller.signal, () => called.push('one'))
  const leave = onAbort(controller.signal, () => called.push('two'))
  onAbort(controller.signal, () => called.push('three'))
  leave()
  controller.abort()
  controller.abort()
  t.same(called, ['one', 'three'])
})

t.test('a signal that is aborted calls at once', async (t) => {
  const called: string[] = []
  onAbort(AbortSignal.abort(), () => called.push('one'))
  t.same(called, ['one'])
})

t.test('however many wait, the signal has one listener', async (t) => {
  const { signal } = new AbortController()
  for (let n = 0; n < 1_000; n += 1) onAbort(signal, () => {})
  t.equal(getEventListeners(signal, 'abort').length, 1)
})
