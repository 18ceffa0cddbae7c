// The leases of a worker: what is counted is what would be found by looking.
import fc from 'fast-check'
import t from 'tap'
import { type HeldLease, Leases } from '../../src/master/leases.js'

const does = fc.record({
  what: fc.constantFrom('add', 'deliver', 'start', 'end', 'delete', 'presume', 'clear'),
  which: fc.integer({ min: 0, max: 5 }),
})

t.test('running and begun are counted right, whatever comes in whichever order', async (t) => {
  const property = fc.property(fc.array(does, { maxLength: 60 }), (steps) => {
    const leases = new Leases()
    for (const { what, which } of steps) {
      const id = `lease-${which}`
      const lease = leases.get(id)
      if (what === 'add' && lease === undefined) leases.add(id)
      else if (what === 'clear' && which === 0) leases.clear()
      else if (what === 'presume') leases.presumeBegun()
      else if (what === 'delete') leases.delete(id)
      else if (lease !== undefined) act(leases, lease, what)
      const running = leases.which(({ ended }) => !ended)
      const begun = leases.which(({ started, ended }) => started && !ended)
      if (leases.running !== running.length || leases.begun !== begun.length) return false
      if (leases.size !== leases.which(() => true).length) return false
    }
    return true
  })
  t.doesNotThrow(() => fc.assert(property, { numRuns: 500 }))
})

function act(leases: Leases, lease: HeldLease, what: string): void {
  if (what === 'deliver') lease.delivered = true
  if (what === 'start') leases.start(lease)
  if (what === 'end') leases.end(lease)
}
