import { PassThrough } from 'node:stream'
import { expect, it } from 'vitest'
import { outliveReaders } from './output.ts'

const failure = (code: string) => Object.assign(new Error(`write ${code}`), { code })

it('passes over a reader that reads no further, and over nothing else', () => {
  const stream = new PassThrough()
  outliveReaders(stream)
  outliveReaders(stream)
  expect(stream.listenerCount('error')).toBe(1)
  expect(() => stream.emit('error', failure('EPIPE'))).not.toThrow()
  expect(() => stream.emit('error', failure('EIO'))).toThrow('write EIO')
})
