/**
 * What the servers of one database do one at a time. The place in this list is the number of the advisory lock: a new one
 * goes to the end, or servers of two versions would no longer wait for each other.
 */
const subjects = ['migrations', 'queue schema', 'workers', 'signing keys'] as const

const firstNumber = 7_184_226_001

/** The number of the advisory lock of a subject, which no other subject has. */
export function lockNumber(subject: (typeof subjects)[number]): number {
  return firstNumber + subjects.indexOf(subject)
}
