/** Where people reach this server, and what their creditor says instead. */
export interface LinkPlace {
  readonly publicUrl: string
  readonly settings: Readonly<Record<string, unknown>>
}

/** The address of a claim's page: at the tenant's own `landingPageBase` where that is a URL, else at this server's. */
export function linkUrl({ publicUrl, settings }: LinkPlace, code: string): string {
  return `${baseOf(settings['landingPageBase']) ?? withoutSlash(publicUrl)}/c/${code}`
}

function baseOf(setting: unknown): string | undefined {
  if (typeof setting !== 'string' || !URL.canParse(setting)) return undefined
  const { protocol, origin, pathname } = new URL(setting)
  if (protocol !== 'https:' && protocol !== 'http:') return undefined
  return withoutSlash(`${origin}${pathname}`)
}

const withoutSlash = (text: string) => text.replace(/\/+$/, '')
