import assert from 'node:assert/strict'
import { beforeEach, expect, vi } from 'vitest'

/**
 * Tests of what happens to money when servers die, when many write at once and when commands come at random. A cent that
 * is lost in one run of ten is lost: a second try that passes would hide just what they are there to find.
 */
const triedOnce = /\/test\/(?:crash|concurrency|simulator)\/|\/test\/real-data\.test\.ts$/

if (triedOnce.test(expect.getState().testPath ?? '')) {
  // For all tests of the file, however deep they stand. vitest takes `retry` here and does not list it in its types;
  // should it take it no more, the assertion says so where tests are repeated.
  vi.setConfig({ retry: 0 } as never)
  beforeEach(({ task }) => {
    assert.equal(task.retry, 0, 'a test about money would be tried twice')
  })
}
