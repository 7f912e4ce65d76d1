import net, { type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { expect, it } from 'vitest'
import { explain } from './explain.ts'

it('says in words, without a trace, that something else listens at the port', async () => {
  const first = net.createServer().listen(0, '127.0.0.1')
  await once(first, 'listening')
  const { port } = first.address() as AddressInfo
  try {
    const second = net.createServer().listen(port, '127.0.0.1')
    const [error] = (await once(second, 'error')) as [Error]
    const said = explain(error)
    expect(said).toContain(
      `Something else listens at 127.0.0.1:${port}. Choose another with --port`,
    )
    expect(said).not.toContain('\n')
  } finally {
    first.close()
  }
})
