// Promises by key, settled from outside. Two callers of one key share one promise; a rejection that nobody looks at is
// no crash, since not every caller awaits what it was promised.

interface Open<Value> {
  readonly promise: Promise<Value>
  readonly resolve: (value: Value) => void
  readonly reject: (error: Error) => void
}

export class Settlers<Key, Value> {
  readonly #open = new Map<Key, Open<Value>>()

  /** The promise of this key, made where there is none. */
  open(key: Key): Promise<Value> {
    const known = this.#open.get(key)
    if (known !== undefined) return known.promise
    let settle: Pick<Open<Value>, 'resolve' | 'reject'> | undefined
    const promise = new Promise<Value>((resolve, reject) => {
      settle = { resolve, reject }
    })
    promise.catch(() => {})
    this.#open.set(key, { promise, ...settle! })
    return promise
  }

  isOpen(key: Key): boolean {
    return this.#open.has(key)
  }

  resolve(key: Key, value: Value): void {
    this.#take(key)?.resolve(value)
  }

  reject(key: Key, error: Error): void {
    this.#take(key)?.reject(error)
  }

  rejectAll(error: Error): void {
    for (const key of [...this.#open.keys()]) this.reject(key, error)
  }

  #take(key: Key): Open<Value> | undefined {
    const open = this.#open.get(key)
    this.#open.delete(key)
    return open
  }
}
