import { afterAll, beforeEach, expect, test } from 'vitest'
import { startFakeS3 } from '../fake-s3.ts'
import { type TestTenant, world } from '../world.ts'
import { operations, requestOf, seedBooks } from './doors.ts'

const keys = { region: 'eu-central-1', accessKeyId: 'id', secretAccessKey: 'secret' }
const s3 = await startFakeS3(keys)
const it = world({
  workers: false,
  files: { kind: 's3', endpoint: s3.endpoint, bucket: 'files', ...keys },
})
afterAll(() => s3.close())

const operation = operations.find(({ id }) => id === 'upload_files')!
let tenant: TestTenant
beforeEach(async () => {
  tenant = await it.tenant()
  await seedBooks(tenant)
  s3.seen.length = 0
  s3.objects.clear()
})
const upload = () => tenant.call(requestOf(operation, { tenantId: tenant.tenantId }))

test('a file that was uploaded comes back from S3 as it was', async () => {
  const answer = await upload()
  const [fileId] = answer.body.ACC.messageIds
  const [stored] = [...s3.objects.values()]
  const given = await tenant.call({ method: 'GET', url: `/q/v1/files/${fileId}/content` })
  expect(given).toMatchObject({ status: 200, body: stored!.toString() })
  expect(given.headers['content-type']).toMatch(/^text\/csv/)
  expect(given.headers['content-disposition']).toContain('attachment; filename="list.csv"')
  expect(s3.seen).toEqual(['PUT 200', 'GET 200'])
})

test('an upload is 503 while S3 fails, stores nothing, and works when it is repeated', async () => {
  s3.failures.push(503, 503, 503)
  const failed = await upload()
  expect(failed).toMatchObject({
    status: 503,
    headers: { 'retry-after': '5' },
    body: { success: false, message: 'The file storage cannot be reached' },
  })
  const listed = () => tenant.call({ method: 'GET', url: '/q/v1/files?accountReference=ACC' })
  expect((await listed()).body.items).toEqual([])
  expect((await upload()).body.ACC).toMatchObject({ success: true })
  expect((await listed()).body.items).toHaveLength(1)
})

test('a refused upload sends nothing to S3', async () => {
  const other = await it.tenant()
  const answer = await other.call(requestOf(operation, { tenantId: other.tenantId }))
  expect(answer.body.ACC).toMatchObject({ success: false })
  expect(s3.seen).toEqual([])
})
