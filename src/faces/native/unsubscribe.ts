import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { Type, type Static } from 'typebox'
import { readUnsubscribeToken, unsubscribe } from '../../communications/index.ts'
import type { Sealer } from '../../platform/sealer.ts'
import type { Services } from '../../platform/services.ts'

export interface UnsubscribeDoor {
  readonly services: Services
  readonly sealer: Sealer
}

const TokenPath = Type.Object({ token: Type.String({ minLength: 1, maxLength: 200 }) })

const style = `body{font:1.125rem/1.5 system-ui,sans-serif;max-width:32rem;margin:10vh auto;padding:0 1rem;color:#1b1b1f;background:#fff}
button{font:inherit;padding:.75rem 1.5rem;min-height:3rem;border:0;border-radius:.5rem;background:#1f4d8f;color:#fff}
button:focus-visible{outline:3px solid #f2a900;outline-offset:2px}`
const styleHash = createHash('sha256').update(style).digest('base64')

/** No debt, no name and no address: who opens the link may be anybody. */
function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex"><title>${title}</title><style>${style}</style></head>
<body><main><h1>${title}</h1>${body}</main></body></html>`
}

const askPage = page(
  'Unsubscribe',
  `<p>You will get no more messages of this kind from this sender. Others, such as letters, are not affected.</p>
<p lang="de">Sie erhalten keine solchen Nachrichten dieses Absenders mehr. Andere, etwa Briefe, sind nicht betroffen.</p>
<form method="post"><button type="submit">Unsubscribe / <span lang="de">Abmelden</span></button></form>`,
)
const donePage = page(
  'Unsubscribed',
  `<p>You get no more messages of this kind from this sender.</p>
<p lang="de">Sie erhalten keine solchen Nachrichten dieses Absenders mehr.</p>`,
)
const unknownPage = page(
  'Link not valid',
  `<p>This link is not valid. Please copy it whole from the message.</p>
<p lang="de">Dieser Link ist ungültig. Bitte kopieren Sie ihn ganz aus der Nachricht.</p>`,
)

/** Mounts the page behind the link of every mail: a look asks, only a POST unsubscribes (RFC 8058). */
export function mountUnsubscribe(
  app: FastifyInstance,
  { services, sealer }: UnsubscribeDoor,
): void {
  const { db, clocks } = services
  const nowOf = (tenantId: string) => clocks.nowOf(tenantId)
  void app.register(
    async (scope) => {
      scope.removeAllContentTypeParsers()
      // What a mail program posts says nothing that the link does not say.
      scope.addContentTypeParser(
        '*',
        { parseAs: 'buffer', bodyLimit: 4_096 },
        (_request, _body, done) => done(null, undefined),
      )
      scope.get('/:token', { schema: { params: TokenPath } }, (request, reply) => {
        const { token } = request.params as Static<typeof TokenPath>
        const link = readUnsubscribeToken(sealer, token)
        return link ? show(reply, 200, askPage) : show(reply, 404, unknownPage)
      })
      scope.post('/:token', { schema: { params: TokenPath } }, async (request, reply) => {
        const { token } = request.params as Static<typeof TokenPath>
        const link = readUnsubscribeToken(sealer, token)
        const isDone = link !== undefined && (await unsubscribe({ db, nowOf }, link))
        return isDone ? show(reply, 200, donePage) : show(reply, 404, unknownPage)
      })
    },
    { prefix: '/u' },
  )
}

function show(reply: FastifyReply, status: number, html: string): FastifyReply {
  return reply
    .code(status)
    .headers({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': `default-src 'none'; style-src 'sha256-${styleHash}'; form-action 'self'; frame-ancestors 'none'`,
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
      'x-robots-tag': 'noindex',
    })
    .send(html)
}
