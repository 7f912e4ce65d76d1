/** Something that waits for a lane. Works that share a key keep their order. */
export interface Queued {
  readonly keys: readonly string[]
  readonly size: number
}

// How far a free lane looks past works whose keys are taken; beyond it they wait for the lane that is busy with them.
const scanMax = 2_048

/**
 * The works that wait, in the order in which they came. A lane takes what it may decide now: no work whose key another
 * lane holds, and none that would overtake an earlier work of the same key.
 */
export class WorkQueue<T extends Queued> {
  #waiting: T[] = []
  #depth = 0
  readonly #busy = new Set<string>()

  /** Commands that wait, over all works. */
  get depth(): number {
    return this.#depth
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0
  }

  push(work: T): void {
    this.#waiting.push(work)
    this.#depth += work.size
  }

  /** Takes works of up to `sizeMax` commands, at least one where one is free. Their keys are busy until `release`. */
  take(sizeMax: number): T[] {
    const taken: T[] = []
    const passed: T[] = []
    const held = new Set<string>()
    let size = 0
    let index = 0
    for (; index < this.#waiting.length && index < scanMax; index += 1) {
      const work = this.#waiting[index] as T
      if (taken.length > 0 && size + work.size > sizeMax) break
      if (work.keys.some((key) => this.#busy.has(key) || held.has(key))) {
        for (const key of work.keys) held.add(key)
        passed.push(work)
        continue
      }
      taken.push(work)
      size += work.size
    }
    if (taken.length === 0) return taken
    this.#waiting =
      passed.length === 0 ? this.#waiting.slice(index) : passed.concat(this.#waiting.slice(index))
    this.#depth -= size
    for (const work of taken) for (const key of work.keys) this.#busy.add(key)
    return taken
  }

  release(works: readonly T[]): void {
    for (const work of works) for (const key of work.keys) this.#busy.delete(key)
  }

  /** Empties the queue, for a bookkeeper that stops. */
  drain(): T[] {
    const rest = this.#waiting
    this.#waiting = []
    this.#depth = 0
    return rest
  }
}
