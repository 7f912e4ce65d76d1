import { encode } from 'uqr'

/** The modules of a QR code without a border, row by row; true is dark. Error correction M, as payment codes ask for. */
export function qrModules(payload: string): readonly (readonly boolean[])[] {
  return encode(payload, { ecc: 'M', border: 0, boostEcc: false }).data
}

const quietZone = 4

/** A QR code as a scalable picture on white, with the quiet zone that scanners need. Any text may be its payload. */
export function qrSvg(payload: string): string {
  const path = qrRuns(qrModules(payload))
    .map(({ x, y, width }) => `M${x + quietZone} ${y + quietZone}h${width}v1h-${width}z`)
    .join('')
  const size = qrModules(payload).length + 2 * quietZone
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size} ${size}" shape-rendering="crispEdges">` +
    `<path fill="#fff" d="M0 0h${size}v${size}h-${size}z"/><path fill="#000" d="${path}"/></svg>`
  )
}

export interface Run {
  readonly x: number
  readonly y: number
  readonly width: number
}

/** Neighbouring dark modules of a row as one rectangle: no hairlines between them when they are drawn. */
export function qrRuns(modules: readonly (readonly boolean[])[]): Run[] {
  return modules.flatMap((row, y) => {
    const runs: Run[] = []
    let start: number | undefined
    for (const [x, isDark] of [...row, false].entries()) {
      if (isDark) start ??= x
      else if (start !== undefined) {
        runs.push({ x: start, y, width: x - start })
        start = undefined
      }
    }
    return runs
  })
}
