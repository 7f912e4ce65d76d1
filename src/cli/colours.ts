import { isatty } from 'node:tty'
import picocolors from 'picocolors'

const standardOutput = 1

/** Colours for people at a terminal only: a pipe, a file or the log of a build gets plain text. */
export const pc = picocolors.createColors(picocolors.isColorSupported && isatty(standardOutput))
