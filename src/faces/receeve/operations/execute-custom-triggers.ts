import { Type } from 'typebox'
import type { Json } from '../../../book/index.ts'
import { executeTrigger } from '../../../claims/index.ts'
import { JsonObject } from '../../../kernel/schema.ts'
import { defineBatch, mapItems, mapOf } from '../batch.ts'
import { processed } from '../words.ts'

const TriggerName = Type.String({ minLength: 1, maxLength: 255 })
const Trigger = Type.Union([
  TriggerName,
  Type.Object({ triggerName: TriggerName, triggerContext: Type.Optional(JsonObject) }),
])

type Body = string | { triggerName: string; triggerContext?: Json }

export const executeCustomTriggers = defineBatch({
  id: 'execute_custom_triggers',
  tag: 'CustomTriggers',
  summary: 'Fire custom triggers on claims, whoever listens to them',
  body: mapOf(Trigger),
  takesTriggerName: false,
  items: (body: Record<string, Body>, keys) => mapItems(body, keys),
  command: (context, { key, input }) => {
    const { triggerName, triggerContext = {} } =
      typeof input === 'string' ? { triggerName: input } : input
    return executeTrigger(context, { reference: key, triggerName, triggerContext })
  },
  succeeded: () => ({ messages: [processed] }),
})
