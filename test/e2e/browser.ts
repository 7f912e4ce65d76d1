import { existsSync, mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect } from 'vitest'

const own = '/usr/bin/chromium'
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-quic',
  '--no-first-run',
]

const libraries = ['/usr/lib/x86_64-linux-gnu/libnss3.so', '/usr/lib64/libnss3.so']

/** The system's Chromium, else the one that comes with the dev dependencies. */
async function launch(): Promise<Browser> {
  if (existsSync(own)) return chromium.launch({ executablePath: own, args: flags })
  // It brings its own libraries along for systems without them, and unpacks them where it believes to be on such a one.
  if (!libraries.some((file) => existsSync(file)))
    process.env.AWS_EXECUTION_ENV ??= 'AWS_Lambda_nodejs20.x'
  const { default: bundled } = await import('@sparticuz/chromium')
  const executablePath = await bundled.executablePath()
  return chromium.launch({ executablePath, args: [...bundled.args, ...flags] })
}

export interface Pages {
  open(options?: PageOptions): Promise<Page>
}

/** One browser for a test file. */
export function browser(): Pages {
  const state: { browser?: Browser; why?: string } = {}
  beforeAll(async () => {
    try {
      state.browser = await launch()
    } catch (error) {
      if (existsSync(own)) throw error
      state.why = `No Chromium on this machine, and the bundled one does not start: ${String(error)}`
    }
  })
  beforeEach((context) => {
    if (state.why !== undefined) context.skip(state.why)
  })
  afterAll(() => state.browser?.close())
  return { open: (options = {}) => openPage(state.browser, options) }
}

export interface Screen {
  readonly width: number
  readonly height: number
}
export const phone: Screen = { width: 360, height: 740 }
export const desktop: Screen = { width: 1280, height: 800 }

export interface PageOptions {
  readonly screen?: Screen
  readonly hasScript?: boolean
  readonly locale?: string
  readonly isDark?: boolean
}

async function openPage(browser: Browser | undefined, options: PageOptions): Promise<Page> {
  const { screen = phone, hasScript = true, locale = 'en-GB', isDark = false } = options
  if (!browser) throw new Error('The browser is started before the tests')
  const context = await browser.newContext({
    viewport: screen,
    javaScriptEnabled: hasScript,
    locale,
    colorScheme: isDark ? 'dark' : 'light',
    deviceScaleFactor: screen === phone ? 2 : 1,
    // The page forbids every script; what looks at it from outside comes in past that.
    bypassCSP: hasScript,
  })
  return context.newPage()
}

const axeFile = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
const axeTags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

/** Insists that axe finds nothing to object to in what a page shows now. */
export async function expectAccessible(page: Page, what: string): Promise<void> {
  await page.addScriptTag({ path: axeFile })
  const violations = await page.evaluate(async (tags) => {
    const { axe } = globalThis as unknown as {
      axe: { run(root: unknown, options: unknown): Promise<{ violations: Violation[] }> }
    }
    interface Violation {
      id: string
      nodes: { html: string; failureSummary?: string }[]
    }
    const { document } = globalThis as unknown as { document: unknown }
    const found = await axe.run(document, { runOnly: { type: 'tag', values: tags } })
    return found.violations.map(({ id, nodes }) => ({
      id,
      nodes: nodes.map(({ html, failureSummary }) => `${html}: ${failureSummary ?? ''}`),
    }))
  }, axeTags)
  expect(violations, what).toEqual([])
}

const artefacts = path.resolve('test-artefacts', 'landing-page')

/** Keeps a picture of the whole page for people to look at. */
export async function keepPicture(page: Page, name: string): Promise<void> {
  mkdirSync(artefacts, { recursive: true })
  await page.screenshot({ path: path.join(artefacts, `${name}.png`), fullPage: true })
}

/** Insists that nothing has to be scrolled sideways to be read. */
export async function expectFitting(page: Page, what: string): Promise<void> {
  const overflow = await page.evaluate(() => {
    interface Box {
      scrollWidth: number
      clientWidth: number
    }
    const { document } = globalThis as unknown as {
      document: { documentElement: Box; querySelectorAll(what: string): Iterable<Box> }
    }
    const boxes = [
      document.documentElement,
      ...document.querySelectorAll('.card, .notice, .options a'),
    ]
    return boxes.map(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)
  })
  expect(Math.max(...overflow), `${what} is wider than its place by`).toBe(0)
}
