import { describe, expect, test } from 'vitest'
import { readDsn } from './read-dsn.ts'

const id = '01890000-0000-7000-8000-0000000000aa'

interface Parts {
  action?: string
  status?: string
  messageId?: string
  returned?: string
}

/** A notification as mail servers write them. */
const dsn = ({
  action = 'failed',
  status = '5.1.1',
  messageId = `<${id}@acme.example>`,
  returned = 'text/rfc822-headers',
}: Parts = {}) =>
  [
    'From: MAILER-DAEMON@mx.example',
    'To: collections@acme.example',
    'Subject: Undelivered Mail Returned to Sender',
    'MIME-Version: 1.0',
    'Content-Type: multipart/report; report-type=delivery-status; boundary="b1"',
    '',
    '--b1',
    'Content-Type: text/plain',
    '',
    'Your message could not be delivered.',
    '--b1',
    'Content-Type: message/delivery-status',
    '',
    'Reporting-MTA: dns; mx.example',
    '',
    'Final-Recipient: rfc822; ada@example.com',
    `Action: ${action}`,
    `Status: ${status}`,
    'Diagnostic-Code: smtp; 550 5.1.1',
    '  no such user',
    '',
    '--b1',
    `Content-Type: ${returned}`,
    '',
    'From: collections@acme.example',
    `Message-ID: ${messageId}`,
    'Subject: Claim C',
    '',
    'body',
    '--b1--',
    '',
  ].join('\r\n')
const read = (parts?: Parts) => readDsn(Buffer.from(dsn(parts)))

describe('a delivery status notification', () => {
  test.each(['text/rfc822-headers', 'message/rfc822'])(
    'with the message as %s names it and says why it came back',
    async (returned) => {
      expect(await read({ returned })).toEqual({
        messageId: id,
        kind: 'hard',
        diagnostic: 'smtp; 550 5.1.1 no such user',
      })
    },
  )

  test('of a failure for now, or of a delay, is soft', async () => {
    expect(await read({ status: '4.2.2' })).toMatchObject({ kind: 'soft' })
    expect(await read({ action: 'delayed', status: '4.4.1' })).toMatchObject({ kind: 'soft' })
  })

  test('keeps nothing in its words that no database keeps', async () => {
    const bytes = Buffer.from(dsn().replace('no such user', 'no\0such\u0007user'))
    expect(await readDsn(bytes)).toMatchObject({ diagnostic: 'smtp; 550 5.1.1 no such user' })
  })

  test.each<[string, Parts]>([
    ['of a delivery', { action: 'delivered', status: '2.0.0' }],
    ['of a relay', { action: 'relayed', status: '2.0.0' }],
    ['about a message that is not ours', { messageId: '<x@y.example>' }],
  ])('%s is refused', async (_what, parts) => {
    await expect(read(parts)).rejects.toMatchObject({ code: 'not_a_bounce' })
  })

  test.each(['', 'hello', '\r\n\r\n', '--b1\r\n', 'Content-Type: multipart/report\r\n\r\nx'])(
    '%j is none',
    async (text) => {
      await expect(readDsn(Buffer.from(text))).rejects.toMatchObject({ code: 'not_a_bounce' })
    },
  )
})
