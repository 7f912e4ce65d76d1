/**
 * Remembers how to take changes back, so that a refused command leaves none. One journal serves all books of a batch,
 * for a command may touch more than one.
 */
export class Journal {
  readonly #undo: (() => void)[] = []

  mark(): number {
    return this.#undo.length
  }

  push(undo: () => void): void {
    this.#undo.push(undo)
  }

  /** Assigns fields and remembers what they were. */
  assign<T extends object>(target: T, patch: Partial<T>): void {
    const before: Partial<T> = {}
    for (const key of Object.keys(patch) as (keyof T)[]) before[key] = target[key]
    this.#undo.push(() => void Object.assign(target, before))
    Object.assign(target, patch)
  }

  append<T>(list: T[], element: T): void {
    list.push(element)
    this.#undo.push(() => void list.pop())
  }

  put<K, V>(map: Map<K, V>, key: K, value: V): void {
    const had = map.has(key)
    const before = map.get(key) as V
    map.set(key, value)
    this.#undo.push(() => void (had ? map.set(key, before) : map.delete(key)))
  }

  remove<K>(from: Map<K, unknown> | Set<K>, key: K): void {
    if (!from.has(key)) return
    const before = from instanceof Map ? from.get(key) : undefined
    from.delete(key)
    this.#undo.push(() => void (from instanceof Map ? from.set(key, before) : from.add(key)))
  }

  add<T>(set: Set<T>, element: T): void {
    if (set.has(element)) return
    set.add(element)
    this.#undo.push(() => void set.delete(element))
  }

  /** Lets go of what nobody will take back any more: the command that did it is decided. */
  forget(): void {
    this.#undo.length = 0
  }

  /** Takes back everything since the mark, newest first. */
  rollBack(mark: number): void {
    while (this.#undo.length > mark) this.#undo.pop()?.()
  }
}
