import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { Job, JobAnswer } from './jobs.ts'
import { workerFile } from './worker-file.ts'

/**
 * A process that renders, one job at a time. A process and not a thread: V8 ends the whole process when a thread asks for
 * one large piece of memory beyond its limit, whatever `resourceLimits` says. After a failure the seat is gone.
 */
export interface Seat {
  run(job: Job, limitMs: number): Promise<Outcome>
  close(): void
}

export type Outcome =
  | { readonly answer: JobAnswer }
  /** `time`: it took too long; `memory`: it took too much; `crash`: the process ended, nobody knows why. */
  | { readonly failure: 'time' | 'memory' | 'crash' }

const startMs = 60_000
const heapMb = 64

/** Starts a process and answers once it is ready to render. It knows nothing of our environment. */
export async function openSeat(): Promise<Seat> {
  const child = fork(await workerFile(), [], {
    execArgv: [`--max-old-space-size=${heapMb}`, '--max-semi-space-size=4'],
    env: {},
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  // A process that dies while idle is noticed when it is given its next job.
  child.on('error', () => undefined)
  try {
    const signal = AbortSignal.timeout(startMs)
    await Promise.race([once(child, 'message', { signal }), endOf(child)])
  } catch (error) {
    kill(child)
    throw error
  }
  rest(child)
  return { run: (job, limitMs) => runOn(child, job, limitMs), close: () => kill(child) }
}

async function endOf(child: ChildProcess): Promise<never> {
  await once(child, 'exit')
  throw new Error('A renderer ended before it was ready')
}

async function runOn(child: ChildProcess, job: Job, limitMs: number): Promise<Outcome> {
  child.ref()
  child.channel?.ref()
  const outcome = await new Promise<Outcome>((resolve) => {
    const timer = setTimeout(() => {
      // The answer may lie in the queue behind this timer when it was we who were busy.
      setImmediate(() => settle({ failure: 'time' }))
    }, limitMs)
    const answered = (answer: unknown) => settle({ answer: answer as JobAnswer })
    const ended = (code: number | null, signal: string | null) =>
      settle({ failure: code === 134 || signal === 'SIGABRT' ? 'memory' : 'crash' })
    const settle = (outcome: Outcome) => {
      clearTimeout(timer)
      child.off('message', answered).off('exit', ended)
      resolve(outcome)
    }
    child.once('message', answered).once('exit', ended)
    if (child.exitCode !== null || child.signalCode !== null) settle({ failure: 'crash' })
    else child.send({ job, limitMs }, (error) => error && settle({ failure: 'crash' }))
  })
  if ('failure' in outcome) kill(child)
  else rest(child)
  return outcome
}

/** An idle renderer keeps nobody from ending. */
function rest(child: ChildProcess): void {
  child.unref()
  child.channel?.unref()
}

function kill(child: ChildProcess): void {
  child.kill('SIGKILL')
  rest(child)
}
