import type { FastifyReply } from 'fastify'
import type { VNode } from 'preact'
import { render } from 'preact-render-to-string'
import { cssHash } from './style.ts'
import { keepSession, type Visit } from './visit.ts'

const policyWith = (formTargets: string) =>
  [
    `default-src 'none'`,
    `style-src ${cssHash}`,
    `form-action ${formTargets}`,
    `base-uri 'none'`,
    `frame-ancestors 'none'`,
  ].join('; ')

/** What every answer of this door carries unless it says otherwise: nobody keeps it, finds it, frames it or learns where it was. */
export const pageHeaders = {
  'content-security-policy': policyWith(`'self'`),
  'referrer-policy': 'no-referrer',
  'x-robots-tag': 'noindex, nofollow, noarchive',
  'cache-control': 'no-store',
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
}

/** Answers with a page of a visit and keeps its session. */
export function sendPage(visit: Visit, node: VNode, status = 200): FastifyReply {
  keepSession(visit)
  return sendHtml(visit.reply, node, status)
}

/** Answers with a page whose form leads on to a payment provider, wherever that is. */
export function sendLeadingAway(visit: Visit, node: VNode, status: number): FastifyReply {
  void visit.reply.header('content-security-policy', policyWith(`'self' http: https:`))
  return sendPage(visit, node, status)
}

/** Answers with a page of nobody's. */
export function sendHtml(reply: FastifyReply, node: VNode, status: number): FastifyReply {
  return reply
    .code(status)
    .type('text/html; charset=utf-8')
    .send(`<!doctype html>${render(node)}`)
}
