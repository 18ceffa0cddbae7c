// A list that is always in order, for indexes in memory: binary search to find a place, and one move of what follows.

export class Sorted<Item> {
  readonly #items: Item[] = []

  constructor(private readonly order: (a: Item, b: Item) => number) {}

  add(item: Item): void {
    this.#items.splice(this.#placeOf(item), 0, item)
  }

  /** Takes out the item that stands where this one would: the order must tell all items apart. */
  delete(item: Item): void {
    const place = this.#placeOf(item)
    const found = this.#items[place]
    if (found !== undefined && this.order(found, item) === 0) this.#items.splice(place, 1)
  }

  first(limit: number): readonly Item[] {
    return this.#items.slice(0, limit)
  }

  /** Index of the first item that does not come before this one. */
  #placeOf(item: Item): number {
    let low = 0
    let high = this.#items.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.order(this.#items[middle]!, item) < 0) low = middle + 1
      else high = middle
    }
    return low
  }
}
