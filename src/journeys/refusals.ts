import { defineRefusals } from '../platform/refusal.ts'

export const refuse = defineRefusals({
  journey_not_found: { kind: 'not_found', message: 'There is no such journey' },
  journey_version_not_found: { kind: 'not_found', message: 'The journey has no such version' },
  journey_name_taken: { kind: 'conflict', message: 'Another journey has this name' },
  journey_in_use: { kind: 'conflict', message: 'Claims are on their way through this journey' },
  journey_invalid: { kind: 'invalid', message: 'The journey cannot be kept' },
  journeys_too_many: { kind: 'conflict', message: 'There are as many journeys as there may be' },
  journey_not_assigned: { kind: 'conflict', message: 'No journey is assigned to this claim' },
  journey_stopped: { kind: 'conflict', message: 'The journey of this claim was stopped' },
  journey_not_live: { kind: 'conflict', message: 'The claim is on no journey' },
  journey_step_unknown: {
    kind: 'conflict',
    message: 'The version has no step like the one that the claim stands at; name one',
  },
  journey_path_unknown: { kind: 'conflict', message: 'The version has no such path' },
  journey_too_deep: { kind: 'conflict', message: 'Too many paths are put into one another' },
  journey_busy: { kind: 'conflict', message: 'The journey of this claim is being changed' },
  until_unknown: { kind: 'invalid', message: 'The end of the simulation is no time' },
  until_over: { kind: 'invalid', message: 'The end of the simulation is not after now' },
  pause_over: { kind: 'invalid', message: 'The pause would be over already' },
})
