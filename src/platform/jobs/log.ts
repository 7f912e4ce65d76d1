import { Logger } from 'graphile-worker'

type Write = (fields: Record<string, unknown>, message: string) => void

/** What the job queue needs of a logger; pino's has it. */
export interface JobLog {
  debug: Write
  info: Write
  warn: Write
  error: Write
}

/** The queue's own messages, in our log. What it attaches is left out, for a payload may name a person. */
export function queueLogger(log: JobLog): Logger {
  return new Logger((scope) => (level, message, meta) => {
    // Each failure is reported once, by our own listener; and the size of the batches is as we want it.
    if (meta?.failure === true || message.startsWith('Your job batch size (')) return
    const fields = { ...scope, ...(meta?.error instanceof Error ? { err: meta.error } : {}) }
    writerOf(log, level)(fields, message)
  })
}

function writerOf(log: JobLog, level: string): Write {
  if (level === 'error') return log.error.bind(log)
  if (level === 'warning') return log.warn.bind(log)
  // Each finished job is an info of the queue's; that is too much of it.
  return log.debug.bind(log)
}

export const silentLog: JobLog = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}
