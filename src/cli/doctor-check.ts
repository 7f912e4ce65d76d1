/** One thing that was looked at, and what was seen. */
export interface Check {
  name: string
  isOk: boolean
  detail: string
}

export function good(name: string, detail: string): Check {
  return { name, isOk: true, detail }
}

export function bad(name: string, detail: string): Check {
  return { name, isOk: false, detail }
}

/** A check that cannot be made is a finding, and no reason to leave out the others. */
export async function checkSafely(name: string, check: () => Promise<Check>): Promise<Check> {
  try {
    return await check()
  } catch (error) {
    return bad(name, error instanceof Error ? error.message : String(error))
  }
}
