import { setFlagsFromString } from 'node:v8'
import { loadConfig, processEnv, type Flags } from '../platform/config.ts'
import { printLine, printNote } from './output.ts'

export type ServeFlags = Flags

// Everything is closed by then; whatever still keeps the process alive does not deserve to.
const lingerMaxMs = 5000
// Large bodies leave much behind at once, and the heap would grow rather than be cleared: measured 183 MB instead of 334 at
// its highest, for the same rate within the noise.
const heapGrowingPercent = 40
const signalNumbers = { SIGINT: 2, SIGTERM: 15 } as const

/** Serves until a signal asks to stop, then finishes what was begun; a second signal does not wait for that. */
export async function serve(flags: ServeFlags): Promise<void> {
  const config = loadConfig(processEnv(), flags)
  setFlagsFromString(`--heap-growing-percent=${heapGrowingPercent}`)
  const asked = stopAsked()
  // Loaded only here: the other commands start faster without the server.
  const { startServer } = await import('../main.ts')
  const server = await startServer(config)
  printLine(`Quittance is listening on ${server.url}`)
  const signal = await asked
  printNote(`${signal}: finishing what was begun; once more ends it at once`)
  await server.close()
  setTimeout(() => process.exit(), lingerMaxMs).unref()
}

function stopAsked(): Promise<string> {
  return new Promise((resolve) => {
    let isAsked = false
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        if (isAsked) process.exit(128 + signalNumbers[signal])
        isAsked = true
        resolve(signal)
      })
    }
  })
}
