import { Back, Layout, type PageContext } from './layout.tsx'

export interface TransferDetails {
  readonly recipient: string
  readonly iban: string
  readonly bic: string | undefined
  readonly bank: string | undefined
  readonly amount: string
  readonly purpose: string
  /** The picture of the code as SVG; undefined where banking apps know none for this currency. */
  readonly codeSvg: string | undefined
}

/** What to enter into a transfer, to read, to copy or to scan. */
export function TransferPage({ page, details }: { page: PageContext; details: TransferDetails }) {
  const { t } = page.words
  const { recipient, iban, bic, bank, amount, purpose, codeSvg } = details
  return (
    <Layout page={page} title={t('transfer.title')}>
      <Back page={page} />
      <h1>{t('transfer.title')}</h1>
      <p>{t('transfer.text')}</p>
      <div class="card">
        <dl>
          <Detail label={t('transfer.recipient')} value={recipient} />
          <Detail label={t('transfer.iban')} value={spaced(iban)} />
          {bic && <Detail label={t('transfer.bic')} value={bic} />}
          {bank && <Detail label={t('transfer.bank')} value={bank} />}
          <Detail label={t('transfer.amount')} value={amount} />
          <Detail label={t('transfer.purpose')} value={purpose} hint={t('transfer.purposeHint')} />
        </dl>
      </div>
      {codeSvg !== undefined && (
        <section aria-labelledby="scan">
          <h2 id="scan">{t('transfer.scan')}</h2>
          <div
            class="code"
            role="img"
            aria-label={t('transfer.scanAlt', { amount, recipient, purpose })}
            dangerouslySetInnerHTML={{ __html: codeSvg }}
          />
        </section>
      )}
    </Layout>
  )
}

function Detail({ label, value, hint }: { label: string; value: string; hint?: string }) {
  return (
    <>
      <dt>{label}</dt>
      <dd>
        <span class="copy">{value}</span>
        {hint && <p class="hint">{hint}</p>}
      </dd>
    </>
  )
}

const spaced = (iban: string) => iban.replaceAll(/(.{4})(?=.)/g, '$1 ')
