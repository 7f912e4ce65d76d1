import { test, expect } from 'vitest'
import { world } from '../world.ts'
import { seedBooks } from './doors.ts'
import { makers, makeAll, bodiesOf } from './native-samples.ts'
const it = world({ workers: false })
test('x', async () => {
  const t = await it.tenant()
  await seedBooks(t)
  const made = await makeAll(t)
  for (const m of makers) {
    console.log('MADE', m.path, made.get(m.path) ?? 'NONE')
    if (!made.has(m.path)) {
      for (const b of bodiesOf(m, 3)) { const a = await t.call({ method: 'POST', url: `/q/v1${m.path}`, headers: { 'content-type': 'application/json' }, payload: JSON.stringify(b) }); console.log('   WHY', a.status, JSON.stringify(a.body).slice(0, 250), JSON.stringify(b).slice(0, 200)) }
    }
  }
})
