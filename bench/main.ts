import fs from 'node:fs'
import { parseArgs } from 'node:util'
import { machineOf, machineText, peakMemoryMb } from './machine.ts'
import { isMet, type Row, spreadOf } from './measure.ts'
import { endAll, httpLoader, newDataDir, openPlace, sqlLoader } from './place.ts'
import {
  batchRows,
  type Bench,
  claimReadRows,
  growthRows,
  hotRows,
  matchRows,
  postRows,
} from './rows.ts'
import { importRows } from './import-row.ts'
import { journeyRows } from './journey-ticks.ts'
import { requireSameRows } from './sameness.ts'
import { matchFunction } from './statements.ts'
import { tableOf } from './table.ts'
import { walleeSearchRows } from './wallee-search.ts'

const groups: Record<string, (bench: Bench) => Promise<Row[]>> = {
  a: postRows,
  b: hotRows,
  c: matchRows,
  d: batchRows,
  e: importRows,
  f: claimReadRows,
  g: growthRows,
  h: journeyRows,
  w: walleeSearchRows,
}

interface Options {
  readonly isQuick: boolean
  readonly only: readonly string[]
  readonly json: string | undefined
}

/** Measures what was asked for, prints the table, and fails the process when a run was spoiled. */
export async function runBench(argv: readonly string[]): Promise<void> {
  const options = optionsOf(argv)
  const dataDir = newDataDir()
  // The processes that the bench starts end with it, also when it is interrupted.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      endAll()
      process.exit(130)
    })
  }
  const place = await openPlace(dataDir)
  const http = httpLoader()
  const sql = sqlLoader()
  const bench: Bench = {
    place,
    http,
    sql,
    isQuick: options.isQuick,
    repetitions: options.isQuick ? 3 : 5,
    seconds: options.isQuick ? 1.5 : 3,
    pids: [place.pid],
    say: (text) => console.error(text),
  }
  try {
    const machine = await machineOf(place)
    await place.owner.query(matchFunction)
    await requireSameRows(bench)
    const rows = await measure(bench, options)
    report(rows, { machine, file: options.json })
  } finally {
    await http.close()
    await sql.close()
    await place.close()
    fs.rmSync(dataDir, { recursive: true, force: true })
  }
}

function optionsOf(argv: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      json: { type: 'string' },
    },
  })
  const only = values.only?.split(',') ?? Object.keys(groups)
  const unknown = only.filter((id) => !Object.hasOwn(groups, id))
  if (unknown.length > 0)
    throw new Error(
      `There is no row ${unknown.join(', ')}; there are ${Object.keys(groups).join(', ')}`,
    )
  return { isQuick: values.quick, only, json: values.json }
}

async function measure(bench: Bench, { only }: Options): Promise<Row[]> {
  const rows: Row[] = []
  const peaks: number[] = []
  for (const id of only) {
    rows.push(...((await groups[id]?.(bench)) ?? []))
    for (const pid of bench.pids) peaks.push(peakMemoryMb(pid) ?? 0)
  }
  const most = Math.max(...peaks)
  if (most === 0) return rows
  const target = { bound: 300, direction: 'below' } as const
  rows.push({
    id: 'm',
    name: 'most memory of a server',
    numerator: spreadOf([most]),
    unit: 'MB',
    target,
  })
  return rows
}

function report(
  rows: readonly Row[],
  facts: { machine: Awaited<ReturnType<typeof machineOf>>; file: string | undefined },
): void {
  console.log(`\n${tableOf(rows)}\n\n${machineText(facts.machine)}`)
  const spoiled = rows.filter((row) => row.invalid !== undefined)
  if (facts.file !== undefined) {
    const measured = rows.map((row) => ({ ...row, isMet: isMet(row) }))
    fs.writeFileSync(
      facts.file,
      `${JSON.stringify({ machine: facts.machine, rows: measured }, null, 2)}\n`,
    )
  }
  if (spoiled.length > 0) process.exitCode = 1
}
