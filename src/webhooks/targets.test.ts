import { expect, test } from 'vitest'
import { startReceiver } from '../../test/receiver.ts'
import { createSender } from './send.ts'
import { createTargets } from './targets.ts'

const nowhere = () => Promise.reject(new Error('getaddrinfo ENOTFOUND'))
const resolvesTo =
  (...addresses: string[]) =>
  () =>
    Promise.resolve(addresses)

const literals = [
  'http://127.0.0.1/',
  'http://127.1/',
  'http://2130706433/',
  'http://0x7f.1/',
  'http://0177.0.0.1/',
  'http://0/',
  'http://[::1]/',
  'http://[::]/',
  'http://[::ffff:127.0.0.1]/',
  'http://[::127.0.0.1]/',
  'http://169.254.169.254/latest/meta-data/',
  'http://[fd00:ec2::254]/',
  'http://10.0.0.1/',
  'http://10.255.255.255/',
  'http://172.16.0.1/',
  'http://192.168.1.1/',
  'http://100.64.0.1/',
  'http://100.127.255.254/',
  'http://198.18.0.1/',
  'http://224.0.0.1/',
  'http://255.255.255.255/',
  'http://[64:ff9b::7f00:1]/',
  'http://[64:ff9b:1::7f00:1]/',
  'http://[2002:7f00:1::]/',
  'http://[fe80::1]/',
  'http://[fec0::1]/',
  'http://[ff02::1]/',
]
const unfit = [
  'file:///etc/passwd',
  'ftp://example.com/',
  'gopher://example.com/',
  'javascript:alert(1)',
  'https://user:secret@example.com/',
  'https://user@example.com/',
  'https://example.com/#part',
  'https://example.com/#',
  '//example.com/',
  'example.com',
  'https://',
  '',
]

test.each([...literals, ...unfit])(
  '%s is refused when it is saved and when it is called',
  async (url) => {
    const targets = createTargets({ allow: [], resolve: nowhere })
    await expect(targets.check(url)).rejects.toMatchObject({
      code: 'webhook_url_refused',
      kind: 'invalid',
    })
    const sender = createSender({ targets })
    const sent = await sender.send({ url, body: '{}', headers: {} })
    expect(sent).toEqual({ status: null, error: expect.stringContaining('not called') })
    await sender.close()
  },
)

test.each([
  'https://example.com/hook?key=1',
  'http://example.com:8080/',
  'https://93.184.216.34/',
  'https://[2606:2800:220:1:248:1893:25c8:1946]/',
])('%s is accepted', async (url) => {
  const targets = createTargets({ allow: [], resolve: resolvesTo('93.184.216.34') })
  await expect(targets.check(url)).resolves.toBeUndefined()
})

test.each([
  ['127.0.0.1'],
  ['::1'],
  ['::ffff:10.0.0.1'],
  ['93.184.216.34', '127.0.0.1'],
  ['169.254.169.254'],
])(
  'a name that resolves to %s is refused when it is saved and when it is called',
  async (...addresses) => {
    const receiver = await startReceiver()
    const targets = createTargets({ allow: [], resolve: resolvesTo(...addresses) })
    const url = receiver.url.replace('127.0.0.1', 'harmless.example')
    await expect(targets.check(url)).rejects.toMatchObject({ code: 'webhook_url_refused' })
    const sender = createSender({ targets })
    const sent = await sender.send({ url, body: '{}', headers: {} })
    expect(sent).toEqual({ status: null, error: expect.stringContaining('not public') })
    expect(receiver.received).toEqual([])
    await sender.close()
    await receiver.close()
  },
)

test('localhost is refused by what this system resolves it to', async () => {
  const targets = createTargets({ allow: [] })
  await expect(targets.check('http://localhost:8080/')).rejects.toMatchObject({
    code: 'webhook_url_refused',
  })
})

test('a name that was harmless when it was saved is refused once it leads inside', async () => {
  const receiver = await startReceiver()
  const answers = [['93.184.216.34'], ['127.0.0.1']]
  const targets = createTargets({ allow: [], resolve: async () => answers.shift() ?? [] })
  const url = receiver.url.replace('127.0.0.1', 'rebinding.example')
  await targets.check(url)
  const sender = createSender({ targets })
  const sent = await sender.send({ url, body: '{}', headers: {} })
  expect(sent).toEqual({ status: null, error: expect.stringContaining('not public') })
  expect(receiver.received).toEqual([])
  await sender.close()
  await receiver.close()
})

test('a name that does not resolve when it is saved is looked up again when it is called', async () => {
  const targets = createTargets({ allow: [], resolve: nowhere })
  await expect(targets.check('https://later.example/')).resolves.toBeUndefined()
})

test('an allowed network may be called, by address and by name, and no other', async () => {
  const receiver = await startReceiver()
  const targets = createTargets({ allow: ['127.0.0.0/8'], resolve: resolvesTo('127.0.0.1') })
  const sender = createSender({ targets })
  for (const url of [receiver.url, receiver.url.replace('127.0.0.1', 'inside.example')]) {
    await targets.check(url)
    expect(await sender.send({ url, body: '{}', headers: {} })).toEqual({
      status: 200,
      error: null,
    })
  }
  expect(receiver.received).toHaveLength(2)
  await expect(targets.check('http://10.0.0.1/')).rejects.toMatchObject({
    code: 'webhook_url_refused',
  })
  await sender.close()
  await receiver.close()
})

test('a redirect is not followed, a slow answer is given up, a long one is not read to its end', async () => {
  const receiver = await startReceiver()
  const targets = createTargets({ allow: ['127.0.0.1/32'] })
  const sender = createSender({ targets, timeoutMs: 300 })
  const send = () => sender.send({ url: receiver.url, body: '{}', headers: {} })

  receiver.react = () => (response) => response.writeHead(302, { location: receiver.url }).end()
  expect(await send()).toEqual({ status: 302, error: 'answered 302' })
  expect(receiver.received).toHaveLength(1)

  receiver.react = () => () => undefined
  expect(await send()).toEqual({ status: null, error: 'no answer within 0.3 s' })

  let written = 0
  receiver.react = () => (response) => {
    response.writeHead(200)
    const chunk = Buffer.alloc(16_384, 'x')
    const more = () => {
      while (!response.destroyed && response.write(chunk)) written += chunk.length
      if (!response.destroyed) response.once('drain', more)
    }
    more()
  }
  expect(await send()).toEqual({ status: 200, error: null })
  // Besides what was read, some lies in the buffers between the two.
  expect(written).toBeLessThan(32 * 1024 * 1024)

  receiver.react = () => (response) => response.destroy()
  expect(await send()).toMatchObject({ status: null, error: expect.stringMatching(/./) })
  await sender.close()
  await receiver.close()
})
