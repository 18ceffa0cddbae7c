// Those who wait for what comes by a key, told once: of the value, or why there is none. A rejection that nobody looks at is
// no crash, since not every caller awaits what it was promised.

export interface Waiter<Value> {
  resolve(value: Value): void
  reject(error: Error): void
}

/** One that waits with a promise. */
export class Promised<Value> implements Waiter<Value> {
  readonly promise: Promise<Value>
  #settle: Waiter<Value> | undefined

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
    })
    this.promise.catch(() => {})
  }

  resolve(value: Value): void {
    this.#settle!.resolve(value)
  }

  reject(error: Error): void {
    this.#settle!.reject(error)
  }
}

/** Several of one key. */
class Together<Value> implements Waiter<Value> {
  readonly #all: Waiter<Value>[]

  constructor(...all: Waiter<Value>[]) {
    this.#all = all
  }

  add(waiter: Waiter<Value>): void {
    this.#all.push(waiter)
  }

  resolve(value: Value): void {
    for (const waiter of this.#all) waiter.resolve(value)
  }

  reject(error: Error): void {
    for (const waiter of this.#all) waiter.reject(error)
  }
}

export class Waiters<Key, Value> {
  readonly #waiting = new Map<Key, Waiter<Value>>()

  add(key: Key, waiter: Waiter<Value>): void {
    const known = this.#waiting.get(key)
    if (known === undefined) this.#waiting.set(key, waiter)
    else if (known instanceof Together) known.add(waiter)
    else this.#waiting.set(key, new Together(known, waiter))
  }

  promise(key: Key): Promise<Value> {
    const promised = new Promised<Value>()
    this.add(key, promised)
    return promised.promise
  }

  resolve(key: Key, value: Value): void {
    this.#take(key)?.resolve(value)
  }

  reject(key: Key, error: Error): void {
    this.#take(key)?.reject(error)
  }

  rejectAll(error: Error): void {
    for (const key of [...this.#waiting.keys()]) this.reject(key, error)
  }

  #take(key: Key): Waiter<Value> | undefined {
    const waiter = this.#waiting.get(key)
    this.#waiting.delete(key)
    return waiter
  }
}
