import type { Logger } from 'pino'
import type { MessagesConfig } from '../../platform/config.ts'
import { createSmsTransport } from './sms-transport.ts'
import { createSmtpTransport } from './smtp-transport.ts'
import type { Transports } from './transport.ts'

/** The ways out of the house that are set. */
export function openTransports({ smtpUrl, smsUrl, smsToken }: MessagesConfig): Transports {
  return {
    email: smtpUrl === undefined ? undefined : createSmtpTransport({ url: smtpUrl }),
    sms: smsUrl === undefined ? undefined : createSmsTransport({ url: smsUrl, token: smsToken }),
  }
}

/** Ends what the ways out keep open. */
export function closeTransports({ email, sms }: Transports): void {
  email?.close?.()
  sms?.close?.()
}

/** What stays in the outbox, in words for people; letters always do. */
export function stayingAtHome({ smtpUrl, smsUrl }: MessagesConfig): string[] {
  return [
    ...(smtpUrl === undefined
      ? ['E-mail is kept in the outbox and sent nowhere: QUITTANCE_SMTP_URL is not set']
      : []),
    ...(smsUrl === undefined
      ? ['SMS are kept in the outbox and sent nowhere: QUITTANCE_SMS_URL is not set']
      : []),
    'Letters are kept in the outbox as PDF, for whoever prints them',
  ]
}

/** Says in the server's log what does not leave the house. */
export function logTransports(config: MessagesConfig, log: Logger): void {
  for (const words of stayingAtHome(config)) log.info(words)
}
