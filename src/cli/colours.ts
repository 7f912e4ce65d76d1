import picocolors from 'picocolors'

/** Colours for people at a terminal only: a pipe, a file or the log of a build gets plain text. */
export const pc = picocolors.createColors(
  picocolors.isColorSupported && Boolean(process.stdout.isTTY),
)
