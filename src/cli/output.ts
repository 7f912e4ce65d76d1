import { pc } from './colours.ts'

export function printLine(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** What is said beside the result goes here, so that scripts can read standard output. */
export function printNote(line: string): void {
  process.stderr.write(`${line}\n`)
}

/** Lets a command end in peace where nobody reads on, as in a pipe to `head`. */
export function outliveReaders(stream: NodeJS.WritableStream): void {
  if (!stream.listeners('error').includes(passOverClosed)) stream.on('error', passOverClosed)
}

function passOverClosed(error: Error): void {
  if (!('code' in error) || error.code !== 'EPIPE') throw error
}

export function printJson(value: unknown): void {
  printLine(JSON.stringify(value))
}

/** Names on the left, values aligned on the right. */
export function printPairs(pairs: readonly (readonly [string, string])[]): void {
  const width = Math.max(0, ...pairs.map(([name]) => name.length))
  // Padded before it is coloured: colours have a length, but no width.
  for (const [name, value] of pairs) printLine(`  ${pc.dim(name.padEnd(width))}  ${value}`)
}
