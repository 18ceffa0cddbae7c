// Many that wait for one signal: an EventTarget looks through all its listeners for each one that is added, so that ten
// thousand submits of one map would cost the square of that. Here a signal has one listener for all of them.

const waiting = new WeakMap<AbortSignal, Set<() => void>>()

/** Calls `act`, a function of its own for each call, once the signal is aborted. @returns what takes that back */
export function onAbort(signal: AbortSignal, act: () => void): () => void {
  if (signal.aborted) {
    act()
    return () => {}
  }
  const known = waiting.get(signal)
  const acts = known ?? new Set()
  acts.add(act)
  if (known === undefined) {
    waiting.set(signal, acts)
    signal.addEventListener('abort', () => fire(acts), { once: true })
  }
  return () => void acts.delete(act)
}

function fire(acts: Set<() => void>): void {
  for (const act of acts) {
    acts.delete(act)
    act()
  }
}
