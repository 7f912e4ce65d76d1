/**
 * The groups of operations that belong to a payment gateway: card checkout, recurring billing, shop plug-ins. They are
 * answered with their name and this reason, so that nobody looks for a mistake of their own.
 */
interface ForeignGroup {
  readonly name: string
  /** First parts of version 1 paths. */
  readonly v1: readonly string[]
  /** Beginnings of version 2 paths. */
  readonly v2: readonly string[]
}

const foreign = (name: string, v1: readonly string[], v2: readonly string[]): ForeignGroup => ({
  name,
  v1,
  v2,
})

const foreignGroups: readonly ForeignGroup[] = [
  foreign('Delivery indications', ['delivery-indication'], ['/payment/delivery-indications']),
  foreign('Tokens', ['token'], ['/payment/tokens']),
  foreign('Token versions', ['token-version'], ['/payment/token-versions']),
  foreign('Charge attempts', ['charge-attempt'], ['/payment/charge-attempts']),
  foreign(
    'Transactions',
    [
      'transaction',
      'transaction-iframe',
      'transaction-lightbox',
      'transaction-mobile-sdk',
      'transaction-payment-page',
      'transaction-terminal',
    ],
    ['/payment/transactions'],
  ),
  foreign('Transaction comments', ['transaction-comment'], ['/payment/transactions/{}/comments']),
  foreign(
    'Transaction completions',
    ['transaction-completion'],
    ['/payment/transactions/completions'],
  ),
  foreign('Transaction voids', ['transaction-void'], ['/payment/transactions/voids']),
  foreign(
    'Transaction line item versions',
    ['transaction-line-item-version'],
    ['/payment/transactions/line-item-versions'],
  ),
  foreign('Transaction client platforms', [], ['/payment/transaction/client-platforms']),
  foreign('Condition types', ['condition-type'], ['/payment/condition-types']),
  foreign('Payment connectors', ['payment-connector'], ['/payment/connectors']),
  foreign(
    'Payment connector configurations',
    ['payment-connector-configuration'],
    ['/payment/connector-configurations'],
  ),
  foreign('Payment methods', ['payment-method'], ['/payment/methods']),
  foreign('Payment method brands', ['payment-method-brand'], ['/payment/method-brands']),
  foreign(
    'Payment method configurations',
    ['payment-method-configuration'],
    ['/payment/method-configurations'],
  ),
  foreign('Payment processors', ['payment-processor'], ['/payment/processors']),
  foreign(
    'Payment processor configurations',
    ['payment-processor-configuration'],
    ['/payment/processor-configurations'],
  ),
  foreign('Payment sales channels', [], ['/payment/sales-channels']),
  foreign('Subscribers', ['subscriber'], ['/subscriptions/subscribers']),
  foreign('Subscription affiliates', ['subscription-affiliate'], ['/subscriptions/affiliates']),
  foreign('Subscription charges', ['subscription-charge'], ['/subscriptions/charges']),
  foreign('Subscription metrics', ['subscription-metric'], ['/subscriptions/metrics']),
  foreign(
    'Subscription metric usage',
    ['subscription-metric-usage', 'mertic-usage'],
    ['/subscriptions/metric-usage-reports'],
  ),
  foreign(
    'Subscription period bills',
    ['subscription-period-bill'],
    ['/subscriptions/period-bills'],
  ),
  foreign(
    'Subscription product component groups',
    ['subscription-product-component-group'],
    ['/subscriptions/products/component-groups'],
  ),
  foreign(
    'Subscription product components',
    ['subscription-product-component'],
    ['/subscriptions/products/components'],
  ),
  foreign(
    'Subscription metered fee tiers',
    ['subscription-product-fee-tier'],
    ['/subscriptions/products/metered-fees/{}/tiers'],
  ),
  foreign(
    'Subscription metered fees',
    ['subscription-product-metered-fee'],
    ['/subscriptions/products/metered-fees'],
  ),
  foreign(
    'Subscription period fees',
    ['subscription-product-period-fee'],
    ['/subscriptions/products/period-fees'],
  ),
  foreign(
    'Subscription setup fees',
    ['subscription-product-setup-fee'],
    ['/subscriptions/products/setup-fees'],
  ),
  foreign(
    'Subscription product retirements',
    ['subscription-product-retirement'],
    ['/subscriptions/products/retirements'],
  ),
  foreign(
    'Subscription product version retirements',
    ['subscription-product-version-retirement'],
    ['/subscriptions/products/versions/retirements'],
  ),
  foreign(
    'Subscription product versions',
    ['subscription-product-version'],
    ['/subscriptions/products/versions'],
  ),
  foreign('Subscription products', ['subscription-product'], ['/subscriptions/products']),
  foreign('Subscriptions', ['subscription'], ['/subscriptions']),
  foreign('Subscription suspensions', ['subscription-suspension'], ['/subscriptions/suspensions']),
  foreign('Subscription versions', ['subscription-version'], ['/subscriptions/versions']),
  foreign(
    'Shopify',
    [
      'shopify-recurring-order',
      'shopify-subscriber',
      'shopify-subscription',
      'shopify-subscription-product',
      'shopify-subscription-suspension',
      'shopify-subscription-version',
      'shopify-transaction',
    ],
    [],
  ),
]

/** Paths below those of a gateway that are ours all the same. */
const ownPaths = ['/payment/transactions/invoices', '/subscriptions/ledger-entries']

/** The gateway's group that a request asks for, if it asks for one. */
export function foreignGroupOf(version: 1 | 2, url: string): string | undefined {
  const path = (url.split('?')[0] ?? '').replace(version === 1 ? /^\/api/ : /^\/api\/v2\.0/, '')
  if (version === 1) {
    const first = path.split('/')[1] ?? ''
    return foreignGroups.find(({ v1 }) => v1.includes(first))?.name
  }
  if (ownPaths.some((own) => isBelow(path, own))) return undefined
  // The longest beginning that fits is the group itself, not the one above it.
  const candidates = foreignGroups.flatMap(({ name, v2 }) => v2.map((start) => ({ name, start })))
  return candidates
    .filter(({ start }) => isBelow(path, start))
    .toSorted((a, b) => b.start.length - a.start.length)[0]?.name
}

function isBelow(path: string, start: string): boolean {
  const parts = path.split('/')
  return start.split('/').every((part, index) => part === '{}' || part === parts[index])
}
