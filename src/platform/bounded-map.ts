/** A map that forgets what was not used for longest once it is full; every step takes constant time. */
export interface BoundedMap<K, V> {
  get(key: K): V | undefined
  set(key: K, value: V): void
  delete(key: K): void
  readonly size: number
}

/**
 * Keeps between `entriesMax / 2` and `entriesMax` of the entries used last. Two generations stand in
 * for a list in order of use: when the young one is full it becomes the old one, and what nobody
 * asked for in between is dropped with its generation.
 */
export function createBoundedMap<K, V>(entriesMax: number): BoundedMap<K, V> {
  const generationMax = Math.max(1, Math.floor(entriesMax / 2))
  let young = new Map<K, V>()
  let old = new Map<K, V>()

  function set(key: K, value: V): void {
    if (young.size >= generationMax && !young.has(key)) {
      old = young
      young = new Map()
    }
    young.set(key, value)
  }

  return {
    get(key) {
      const found = young.get(key)
      if (found !== undefined) return found
      const older = old.get(key)
      if (older !== undefined) {
        old.delete(key)
        set(key, older)
      }
      return older
    },
    set(key, value) {
      old.delete(key)
      set(key, value)
    },
    delete(key) {
      young.delete(key)
      old.delete(key)
    },
    get size() {
      return young.size + old.size
    },
  }
}
