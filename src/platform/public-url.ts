import type { FastifyInstance } from 'fastify'
import type { Config } from './config.ts'

export interface Place {
  /** Where people reach this server, without a slash at its end. */
  readonly publicUrl: () => string
  /** Learns where a server listens that picks its port itself. */
  watch(app: FastifyInstance): void
}

/** The address of this server: as it is set, else where it listens. */
export function createPlace(config: Pick<Config, 'publicUrl' | 'host' | 'port'>): Place {
  let { port } = config
  return {
    publicUrl: () => config.publicUrl ?? `http://${nameOf(config.host)}:${port}`,
    watch(app) {
      app.addHook('onListen', (done) => {
        const address = app.server.address()
        if (typeof address === 'object' && address) port = address.port
        done()
      })
    },
  }
}

/** A server that listens everywhere is reached by a name, not by the address of everywhere. */
function nameOf(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}
