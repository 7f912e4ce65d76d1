/** What the measuring process asks of a load process, and what it hears back. Both sides compile this file. */

/** Accounts are named `<prefix><number>`, numbered from 0. */
export interface Accounts {
  readonly prefix: string
  readonly count: number
}

/** The work of one request; `run` makes references unique over all runs. */
export type Task =
  | { readonly kind: 'post'; readonly accounts: Accounts; readonly run: string }
  | {
      readonly kind: 'match'
      readonly accounts: Accounts
      readonly from: number
      readonly run: string
    }
  | {
      readonly kind: 'batch-of-one-account'
      readonly accounts: Accounts
      readonly run: string
      readonly size: number
    }
  | {
      readonly kind: 'batch-of-accounts'
      readonly accounts: Accounts
      readonly run: string
      readonly size: number
    }
  | { readonly kind: 'claims'; readonly accounts: Accounts; readonly run: string }

/** Ends after `seconds`, or after `count` requests where that comes first. */
export interface Extent {
  readonly seconds: number
  readonly count?: number
}

export interface HttpJob {
  readonly url: string
  readonly tenantId: string
  readonly token: string
  readonly connections: number
  readonly extent: Extent
  readonly task: Task
}

export interface SqlJob {
  readonly connection: { host: string; port: number; user: string; database: string }
  readonly tenantId: string
  readonly connections: number
  readonly extent: Extent
  readonly task: Task
}

export interface Report {
  readonly done: number
  readonly failed: number
  /** What the first failure was. */
  readonly failure: string | undefined
  readonly seconds: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** Counts requests and their times on the side that makes them. */
export class Tally {
  readonly #times: number[] = []
  readonly #startedAt = performance.now()
  readonly #extent: Extent
  #begun = 0
  #failed = 0
  #failure: string | undefined
  #endedAt = 0

  constructor(extent: Extent) {
    this.#extent = extent
  }

  /** The number of the next request, or undefined when no more are to be made. */
  next(): number | undefined {
    const { seconds, count = Number.POSITIVE_INFINITY } = this.#extent
    if (this.#begun >= count) return undefined
    if (performance.now() - this.#startedAt >= seconds * 1_000) return undefined
    this.#begun += 1
    return this.#begun - 1
  }

  done(sentAt: number): void {
    this.#endedAt = performance.now()
    this.#times.push(this.#endedAt - sentAt)
  }

  fail(why: string): void {
    this.#endedAt = performance.now()
    this.#failed += 1
    this.#failure ??= why
  }

  /** The clock ends with the last answer, so what was still on its way counts with its time. */
  report(): Report {
    const times = this.#times.toSorted((a, b) => a - b)
    const at = (share: number) =>
      times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0
    return {
      done: times.length,
      failed: this.#failed,
      failure: this.#failure,
      seconds: (this.#endedAt - this.#startedAt) / 1_000,
      p50Ms: at(0.5),
      p99Ms: at(0.99),
    }
  }
}
