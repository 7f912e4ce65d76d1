import { SmtpLine, type SmtpPlace } from './smtp-line.ts'
import { sendsAtOnce } from './transport.ts'

export interface SmtpLinesOptions {
  readonly place: SmtpPlace
  readonly timeoutMs: number
  /** How long a line rests before it is given up. */
  readonly restMs: number
  /** How long a line that rested may take to say that it is still there. */
  readonly wakeMs: number
}

/**
 * The open lines to one server, few and kept for the next mail. nodemailer has a pool of its own, but it hides which
 * connection a mail went over and whether a byte of it had left when that ended; what a failure means depends on it.
 */
export interface SmtpLines {
  /**
   * Lets `work` have a line that nobody else has; it rests afterwards, unless `work` failed. `isUsed`: mails went over it
   * before, so it may have ended without our having heard of it. `isNew` asks for one that was just opened.
   */
  withLine<R>(work: (line: SmtpLine, isUsed: boolean) => Promise<R>, isNew?: boolean): Promise<R>
  /** Says goodbye on all that rest; those at work do so once they are done. */
  close(): void
}

/** Not more than a sender has mails in hand. */
const linesMax = sendsAtOnce
/** Servers count mails by connection, and some end one that had many. */
const mailsMax = 100

/** A line could not be had: nothing of the mail has left, and the mail is not what was refused. */
export class NoLineError extends Error {
  override name = 'NoLineError'
}

export function createSmtpLines(options: SmtpLinesOptions): SmtpLines {
  const { place, timeoutMs } = options
  const places = createPlaces(linesMax, timeoutMs)
  const resting = createRest(options)
  const open = () =>
    SmtpLine.open(place, timeoutMs).catch((cause: unknown) => {
      throw new NoLineError(cause instanceof Error ? cause.message : 'No connection', { cause })
    })
  return {
    async withLine(work, isNew = false) {
      await places.take()
      try {
        const used = isNew ? undefined : await resting.take()
        const line = used ?? (await open())
        try {
          const result = await work(line, used !== undefined)
          resting.put(line)
          return result
        } catch (error) {
          line.close()
          throw error
        }
      } finally {
        places.giveBack()
      }
    },
    close: () => resting.close(),
  }
}

/** Lines that wait for the next mail, each for a while. */
function createRest({ restMs, wakeMs }: SmtpLinesOptions) {
  const resting = new Map<SmtpLine, NodeJS.Timeout>()
  let isClosed = false
  const remove = (line: SmtpLine) => {
    clearTimeout(resting.get(line))
    resting.delete(line)
  }
  const giveUp = (line: SmtpLine) => {
    remove(line)
    line.quit()
  }
  return {
    /** The one that came last, if its server still answers on it; undefined: there is none that does. */
    async take(): Promise<SmtpLine | undefined> {
      for (let line = lastOf(resting); line; line = lastOf(resting)) {
        remove(line)
        const isAwake = await line.wake(wakeMs).then(
          () => true,
          () => false,
        )
        if (isAwake) return line
        line.close()
      }
      return undefined
    },
    put(line: SmtpLine): void {
      if (isClosed || line.mails >= mailsMax || !line.isOpen) {
        line.quit()
        return
      }
      line.rest()
      resting.set(line, setTimeout(() => giveUp(line), restMs).unref())
    },
    close(): void {
      isClosed = true
      for (const line of resting.keys()) giveUp(line)
    },
  }
}

const lastOf = <K>(map: ReadonlyMap<K, unknown>): K | undefined => [...map.keys()].at(-1)

/** So many at once; whoever comes then waits for a while, first come, first served. */
function createPlaces(count: number, patienceMs: number) {
  const waiting: (() => void)[] = []
  let free = count
  return {
    async take(): Promise<void> {
      if (free > 0) {
        free -= 1
        return
      }
      await new Promise<void>((resolve, reject) => {
        const come = () => {
          clearTimeout(timer)
          resolve()
        }
        const timer = setTimeout(() => {
          waiting.splice(waiting.indexOf(come), 1)
          reject(new NoLineError('All connections to the server are busy'))
        }, patienceMs)
        waiting.push(come)
      })
    },
    giveBack(): void {
      // The place goes from hand to hand, so nobody else can take it in between.
      const next = waiting.shift()
      if (next) next()
      else free += 1
    },
  }
}
