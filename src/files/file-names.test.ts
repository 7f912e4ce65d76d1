import { describe, expect, test } from 'vitest'
import { attachmentOf, extensionOf, safeFileName } from './file-names.ts'

describe('the name of a file', () => {
  test.each([
    ['invoice.pdf', 'invoice.pdf'],
    ['../../etc/passwd', 'passwd'],
    [String.raw`..\..\windows\system.ini`, 'system.ini'],
    ['/etc/cron.d/job.txt', 'job.txt'],
    ['a\0b.pdf', 'ab.pdf'],
    ['a\r\nSet-Cookie: x=1.pdf', 'aSet-Cookie_ x=1.pdf'],
    ['gpj.\u202eexe', 'gpj.exe'],
    ['.htaccess', 'htaccess'],
    ['report.exe. . ', 'report.exe'],
    ['Zahlung über 5 €.pdf', 'Zahlung über 5 €.pdf'],
    ['a"b<c>.pdf', 'a_b_c_.pdf'],
    ['half \ud800.pdf', 'half .pdf'],
    ['..', 'file'],
    ['', 'file'],
    ['///', 'file'],
  ])('of %j is kept as %j', (given, kept) => {
    expect(safeFileName(given)).toBe(kept)
    expect(safeFileName(kept)).toBe(kept)
  })

  test('keeps its extension when it is too long, and breaks no character', () => {
    const name = safeFileName(`${'🏦'.repeat(500)}.pdf`)
    expect(name.length).toBeLessThanOrEqual(200)
    expect(name).toMatch(/^🏦+\.pdf$/u)
  })

  test('has an extension only where its end is short and has a letter', () => {
    expect(extensionOf('a.PDF')).toBe('pdf')
    expect(extensionOf('scan 12.03.2026')).toBe('')
    expect(extensionOf('a.averylongextension')).toBe('')
    expect(extensionOf('none')).toBe('')
  })
})

describe('the header of a download', () => {
  test('is an attachment with a plain and a UTF-8 name (RFC 6266)', () => {
    expect(attachmentOf(`Zahlung für "Ada's" (1).pdf`)).toBe(
      `attachment; filename="Zahlung f_r _Ada's_ (1).pdf"; filename*=UTF-8''Zahlung%20f%C3%BCr%20_Ada%27s_%20%281%29.pdf`,
    )
  })

  test.each(['a\r\nX: y', '";filename=evil.exe', '100%41.pdf', '\ud800', '../x', 'a\0b'])(
    'of %j is one line of ASCII with one quoted name',
    (name) => {
      const header = attachmentOf(name)
      expect(header).toMatch(/^attachment; filename="[^"\\%\r\n]+"; filename\*=UTF-8''[\w%.!~-]+$/)
    },
  )
})
