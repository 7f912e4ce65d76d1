const quarterMs = 15 * 60_000

/** An instant to the quarter of an hour: a machine takes its seconds for what is due at one time, another run takes others. */
export function instantText(at: Date | null): string {
  return at ? new Date(Math.floor(at.getTime() / quarterMs) * quarterMs).toISOString() : 'never'
}

/** Minutes since midnight on a clock on the wall. */
export function minutesIn(at: Date, timeZone: string): number {
  const text = at.toLocaleTimeString('en-GB', { timeZone, hour: '2-digit', minute: '2-digit' })
  const [hours = 0, minutes = 0] = text.split(':').map(Number)
  return hours * 60 + minutes
}
