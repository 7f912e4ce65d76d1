import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { Place } from './place.ts'

/** What the figures depend on besides the program. */
export interface Machine {
  readonly cores: number
  readonly cpu: string
  readonly memoryGiB: number
  readonly node: string
  readonly postgres: string
  readonly fdatasyncMicroseconds: number
  readonly loadBefore: number
}

export async function machineOf(place: Place): Promise<Machine> {
  const { rows } = await place.owner.query<{ server_version: string }>('show server_version')
  return {
    cores: os.availableParallelism(),
    cpu: os.cpus()[0]?.model ?? 'unknown',
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    node: process.version,
    postgres: rows[0]?.server_version ?? 'unknown',
    fdatasyncMicroseconds: fdatasyncMicroseconds(place.dataDir),
    loadBefore: os.loadavg()[0] ?? 0,
  }
}

const blockBytes = 8192
const rounds = 500

/** How long the disk of the data takes to make one block safe: the median of many in a row. */
function fdatasyncMicroseconds(directory: string): number {
  const name = path.join(directory, 'fdatasync.probe')
  const file = fs.openSync(name, 'w')
  const times: number[] = []
  try {
    for (let round = 0; round < rounds; round += 1) {
      fs.writeSync(file, Buffer.alloc(blockBytes, round), 0, blockBytes, 0)
      const startedAt = performance.now()
      fs.fdatasyncSync(file)
      times.push(performance.now() - startedAt)
    }
  } finally {
    fs.closeSync(file)
    fs.rmSync(name)
  }
  return Math.round((times.toSorted((a, b) => a - b)[rounds / 2] ?? 0) * 1_000)
}

/** The most memory that a process ever held, in MB; undefined where the system does not say. */
export function peakMemoryMb(pid: number): number | undefined {
  try {
    const text = fs.readFileSync(`/proc/${pid}/status`, 'utf8')
    const kilobytes = /VmHWM:\s+(\d+) kB/.exec(text)?.[1]
    return kilobytes === undefined ? undefined : Math.round(Number(kilobytes) / 1024)
  } catch {
    return undefined
  }
}

export function machineText(machine: Machine): string {
  const { cores, cpu, memoryGiB, node, postgres, fdatasyncMicroseconds, loadBefore } = machine
  return (
    `${cores} cores (${cpu}), ${memoryGiB} GiB; Node ${node}; PostgreSQL ${postgres} with fsync on; ` +
    `fdatasync of 8 kB ${fdatasyncMicroseconds} µs; load before ${loadBefore.toFixed(2)}. ` +
    'Database, server and load share the cores.'
  )
}
