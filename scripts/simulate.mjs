import { randomInt } from 'node:crypto'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { ensureInstalled } from './install.mjs'

// npm run simulate -- --seed N --steps M: random commands against PostgreSQL and against memory, every answer compared.
const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const { values } = parseArgs({
  options: { seed: { type: 'string' }, steps: { type: 'string', default: '10000' } },
})
const seed = numberOf('seed', values.seed ?? String(randomInt(1, 2 ** 31)))
const steps = numberOf('steps', values.steps)
await ensureInstalled(root)
const { runTool } = await import('./checks.mjs')
const again = `npm run simulate -- --seed ${seed} --steps ${steps}`
console.log(again)
const isGood = await runTool(root, ['vitest', 'run', 'test/simulator/simulate.test.ts'], {
  SIMULATE_SEED: String(seed),
  SIMULATE_STEPS: String(steps),
})
if (!isGood) console.error(`Failed. To see it again: ${again}`)
process.exitCode = isGood ? 0 : 1

function numberOf(name, text) {
  if (/^[1-9]\d{0,9}$/.test(text)) return Number(text)
  console.error(`--${name}: ${text} is not accepted; give a whole number from 1`)
  process.exit(2)
}
