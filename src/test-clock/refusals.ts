import { Refusal } from '../platform/refusal.ts'

export const notSandbox = () =>
  new Refusal('not_a_sandbox', 'conflict', 'Only a sandbox tenant has a test clock')
export const clockGoesForward = () =>
  new Refusal('clock_goes_forward', 'invalid', 'A test clock only goes forward')
export const clockTooFar = () =>
  new Refusal('clock_too_far', 'invalid', 'A test clock is advanced by at most 400 days at once')
export const clockBusy = () =>
  new Refusal('clock_is_advancing', 'conflict', 'The test clock is being advanced already', 1)
