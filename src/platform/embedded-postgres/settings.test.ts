import { expect, test } from 'vitest'
import { serverSettings, sharedBuffersMegabytes } from './settings.ts'

const gigabyte = 1024 ** 3

test('shared buffers are a quarter of the memory, within bounds', () => {
  expect(sharedBuffersMegabytes(2 * gigabyte)).toBe(512)
  expect(sharedBuffersMegabytes(0.25 * gigabyte)).toBe(128)
  expect(sharedBuffersMegabytes(64 * gigabyte)).toBe(1024)
})

test('an override wins, except over what keeps the socket private', () => {
  const words = serverSettings('/run/a "b"', { jit: 'on', listen_addresses: '*' })
  expect(words).toContain('jit=on')
  expect(words).toContain('listen_addresses=')
  expect(words).not.toContain('listen_addresses=*')
  expect(words).toContain('unix_socket_directories="/run/a ""b"""')
})
