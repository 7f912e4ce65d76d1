import { createHash } from 'node:crypto'
import { defaultCard, type SandboxCheckout } from '../../gateways/index.ts'
import { formatDecimal } from '../../kernel/money.ts'

const style = `body{font:1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b;background:#fff}
.note{border-left:.25rem solid #8a5a00;padding-left:.75rem}.problem{border-left:.25rem solid #a4000f;padding-left:.75rem;color:#a4000f}
label{display:block;font-weight:600}input{font:inherit;padding:.5rem;width:100%;box-sizing:border-box;border:1px solid #595959}
button{font:inherit;padding:.6rem 1rem;margin:1rem .5rem 0 0;border:2px solid #1b4d8f;background:#fff;color:#1b4d8f}
button.first{background:#1b4d8f;color:#fff}:focus-visible{outline:3px solid #8a5a00;outline-offset:2px}`

const styleHash = createHash('sha256').update(style).digest('base64')

/** Nothing but this page and its form; the form leads on to wherever the payment came from. */
export const pageHeaders = {
  'content-security-policy': [
    `default-src 'none'`,
    `style-src 'sha256-${styleHash}'`,
    `form-action 'self' http: https:`,
    `base-uri 'none'`,
    `frame-ancestors 'none'`,
  ].join('; '),
  'referrer-policy': 'no-referrer',
  'x-robots-tag': 'noindex, nofollow',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
}

/** The page on which the sandbox asks what is to become of a payment. */
export function payPage(checkout: SandboxCheckout, told: { problem?: string } = {}): string {
  const amount = `${formatDecimal(checkout.amountMinor, checkout.currency)} ${checkout.currency}`
  const { problem } = told
  const isWrong = problem === undefined ? '' : ' aria-invalid="true" aria-describedby="problem"'
  const said =
    problem === undefined
      ? ''
      : `<p class="problem" role="alert" id="problem">${escapeHtml(problem)}</p>`
  return page(
    'Sandbox payment',
    `<p class="note">This is a sandbox: no money moves.</p>
<p>${escapeHtml(checkout.description)}</p>
<p><strong>${escapeHtml(amount)}</strong></p>
${said}
<form method="post">
<label for="card">Card number</label>
<input id="card" name="card" inputmode="numeric" autocomplete="off" value="${defaultCard}"${isWrong}>
<p>This card is paid some seconds later; 5555 5555 5555 4444 at once.</p>
<button class="first" name="outcome" value="pay">Pay ${escapeHtml(amount)}</button>
<button name="outcome" value="decline">Let the card be declined</button>
<button name="outcome" value="leave">Leave without paying</button>
</form>`,
  )
}

/** A page that only says something, with the way back where there is one. */
export function messagePage(title: string, text: string, backUrl?: string): string {
  const back = backUrl === undefined ? '' : `<p><a href="${escapeHtml(backUrl)}">Go back</a></p>`
  return page(title, `<p>${escapeHtml(text)}</p>${back}`)
}

function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(title)}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>${style}</style></head>
<body><main><h1>${escapeHtml(title)}</h1>${body}</main></body></html>`
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

const escapeHtml = (text: string) =>
  text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? '')
