import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { recogniseFile } from './recognise-file.ts'
import { fileBytesMax } from './refusals.ts'
import { samples, storedZip } from '../../test/file-samples.ts'

const recognise = (name: string, contentType: string, content: Buffer | string) =>
  recogniseFile({ name, contentType, bytes: Buffer.from(content as string) })

describe('a file that is kept', () => {
  test.each(samples)('%s sent as %s is %s', async (...sample) => {
    const [name, sent, contentType, bytes] = sample
    const file = await recogniseFile({ name, contentType: sent, bytes })
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    expect(file).toEqual({ name, contentType, bytes, sha256 })
  })

  test('is known by its bytes where neither name nor type says anything', async () => {
    for (const [, , contentType, bytes] of samples.slice(0, 10)) {
      const file = await recogniseFile({ name: 'scan', contentType: '', bytes })
      expect(file.contentType).toBe(contentType)
    }
    expect(await recognise('scan', '', 'some words')).toMatchObject({ contentType: 'text/plain' })
    expect(await recognise('scan', '', '<?xml version="1.0"?><a/>')).toMatchObject({
      contentType: 'application/xml',
    })
  })

  test('may begin with letters that are also the mark of a program or a picture', async () => {
    for (const text of ['MZ;amount\n1;2\n', 'BM;amount\n1;2\n']) {
      expect(await recognise('a.csv', 'text/csv', text)).toMatchObject({ contentType: 'text/csv' })
    }
  })

  test('may be of the full 25 MB, and no byte more', async () => {
    const bytes = Buffer.alloc(fileBytesMax, 'a')
    expect(await recogniseFile({ name: 'a.txt', contentType: 'text/plain', bytes })).toMatchObject({
      contentType: 'text/plain',
    })
    const more = Buffer.alloc(fileBytesMax + 1, 'a')
    await expect(
      recogniseFile({ name: 'a.txt', contentType: 'text/plain', bytes: more }),
    ).rejects.toMatchObject({ code: 'file_too_large', kind: 'too_large' })
  })
})

const html = '<!DOCTYPE html><html><script>alert(1)</script></html>'
const svg = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
const exe = Buffer.concat([Buffer.from('MZ'), Buffer.alloc(200), Buffer.from('PE\0\0')])
const elf = Buffer.concat([Buffer.from('\x7fELF\x02\x01\x01', 'latin1'), Buffer.alloc(100)])
const utf16 = (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le')

describe('a file that is refused', () => {
  test.each<[name: string, sent: string, content: string | Buffer]>([
    ['a.html', 'text/html', html],
    ['a.txt', 'text/plain', html],
    ['a.csv', 'text/csv', html],
    ['a.txt', 'text/plain', `  \n<!-- x --><!-- y -->${html}`],
    ['a.txt', 'text/plain', utf16(html)],
    ['a.svg', 'image/svg+xml', svg],
    ['a.xml', 'application/xml', svg],
    ['a.xml', 'application/xml', `<?xml version="1.0"?><!-- x -->${svg}`],
    ['a.xml', 'application/xml', '<x:html xmlns:x="http://www.w3.org/1999/xhtml"/>'],
    ['a.xml', 'application/xml', '<a><b xmlns="http://www.w3.org/1999/xhtml"/></a>'],
    ['a.xml', 'application/xml', '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'],
    ['a.xml', 'application/xml', '<?xml version="1.0"?><?xml-stylesheet href="x"?><a/>'],
    ['a.xml', 'application/xml', utf16('<a><b xmlns="http://www.w3.org/2000/svg"/></a>')],
    ['a.exe', 'application/octet-stream', exe],
    ['a.pdf', 'application/pdf', exe],
    ['a', 'application/octet-stream', exe],
    ['a.txt', 'text/plain', elf],
    ['a.txt', 'text/plain', '#!/bin/sh\nrm -rf /\n'],
    ['a.csv', 'text/csv', '@echo off\r\n'],
    ['a.txt', 'text/plain', '<?php system($_GET[1]);'],
    ['invoice.pdf.exe', 'application/pdf', '%PDF-1.4\n'],
    ['invoice.pdf.exe. ', 'application/pdf', '%PDF-1.4\n'],
    ['a.js', 'text/javascript', 'alert(1)'],
    ['a.pdf', 'text/html', '%PDF-1.4\n'],
    ['a.zip', 'application/zip', storedZip([['a.txt', 'a']])],
    ['a.docx', 'application/octet-stream', storedZip([['a.txt', 'a']])],
    ['a.rtf', 'application/rtf', String.raw`{\rtf1 a}`],
  ])('%s sent as %s is of a type that is not accepted', async (name, sent, content) => {
    await expect(recognise(name, sent, content)).rejects.toMatchObject({
      code: 'file_type_refused',
      kind: 'invalid',
    })
  })

  test.each<[name: string, sent: string, content: string | Buffer]>([
    ['a.pdf', 'application/pdf', 'no PDF at all'],
    ['a.png', 'image/png', '%PDF-1.4\n'],
    ['a.pdf', 'image/png', '%PDF-1.4\n'],
    ['a.txt', 'text/plain', '%PDF-1.4\n'],
    ['a.csv', 'text/csv', Buffer.from([1, 2, 3, 0, 4])],
    ['a.csv', 'text/csv', '<?xml version="1.0"?><a/>'],
    ['a.xml', 'application/xml', 'a;b\n'],
    ['a.eml', 'message/rfc822', 'Dear Sir or Madam,\n\nSubject: nothing'],
    ['a.csv', 'application/pdf', 'a;b\n'],
  ])('%s sent as %s is not what it is called', async (name, sent, content) => {
    await expect(recognise(name, sent, content)).rejects.toMatchObject({
      code: 'file_type_mismatch',
      kind: 'invalid',
    })
  })

  test('is an empty one', async () => {
    await expect(recognise('a.txt', 'text/plain', '')).rejects.toMatchObject({ code: 'file_empty' })
  })

  test('is told soon, however its text is made to keep a pattern busy', async () => {
    const hostile = [
      '<!-- -->'.repeat(8_000),
      '<!--'.repeat(16_000),
      '<?xml '.repeat(10_000),
      `${' '.repeat(64_000)}x`,
      'a:'.repeat(32_000),
      '\r\n'.repeat(32_000),
    ]
    const started = performance.now()
    for (const text of hostile) {
      for (const name of ['a.txt', 'a.xml', 'a.eml', 'a.csv']) {
        await recognise(name, 'application/octet-stream', text).catch(() => undefined)
      }
    }
    expect(performance.now() - started).toBeLessThan(5_000)
  })
})
