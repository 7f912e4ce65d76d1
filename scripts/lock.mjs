import { mkdirSync, renameSync, rmdirSync, statSync, utimesSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

const pollMs = 50
const beatMs = 1000
// Process ids say nothing across containers; a holder that has not been heard of for so long is dead.
const silenceMaxMs = 10_000
const waitMaxMs = 15 * 60_000

/**
 * Runs `work` while no other process runs its own under the same lock. `work` must not block the
 * event loop for seconds, or it is taken for dead.
 */
export async function withLock(directory, work) {
  mkdirSync(path.dirname(directory), { recursive: true })
  const deadline = Date.now() + waitMaxMs
  while (!take(directory)) {
    if (isSilent(directory)) removeIfSilent(directory)
    if (Date.now() > deadline) throw new Error(`${directory} is held for too long; remove it`)
    await wait(pollMs)
  }
  const heart = setInterval(() => utimesSync(directory, new Date(), new Date()), beatMs)
  try {
    return await work()
  } finally {
    clearInterval(heart)
    rmdirSync(directory)
  }
}

function take(directory) {
  try {
    mkdirSync(directory)
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  }
}

function isSilent(directory) {
  const found = statSync(directory, { throwIfNoEntry: false })
  return found !== undefined && Date.now() - found.mtimeMs > silenceMaxMs
}

// Of several that find the same dead holder one moves its lock away. Who moves a lock that was
// taken meanwhile puts it back.
function removeIfSilent(directory) {
  const aside = `${directory}.${process.pid}.${Date.now()}`
  try {
    renameSync(directory, aside)
    if (isSilent(aside)) rmdirSync(aside)
    else renameSync(aside, directory)
  } catch (error) {
    if (error.code !== 'ENOENT') throw error
  }
}
