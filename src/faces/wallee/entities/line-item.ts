import {
  boolean,
  decimal,
  type Field,
  type Fields,
  oneOf,
  shown,
  text,
  writable,
} from '../entity.ts'

const attributeFields: Fields = {
  label: { type: text(512), create: 'required' },
  value: { type: text(512), create: 'required' },
}

/** A tax by its rate in percent. */
export const taxFields: Fields = {
  rate: { type: decimal, create: 'required' },
  title: { type: text(40, { min: 2 }), create: 'required' },
}

const required = (type: Field['type']): Field => ({ type, create: 'required' })

/** A line of what is claimed or invoiced; what follows from the amounts is shown and not written. */
export const lineItemFields: Fields = {
  aggregatedTaxRate: shown(decimal),
  amountExcludingTax: shown(decimal),
  amountIncludingTax: required(decimal),
  attributes: writable({ kind: 'map', of: attributeFields }),
  discountExcludingTax: shown(decimal),
  discountIncludingTax: writable(decimal),
  name: required(text(150, { min: 1 })),
  quantity: required(decimal),
  shippingRequired: writable(boolean),
  sku: writable(text(200)),
  taxAmount: shown(decimal),
  taxAmountPerUnit: shown(decimal),
  taxes: writable({ kind: 'list', fields: taxFields, max: 20 }),
  type: required(oneOf('SHIPPING', 'DISCOUNT', 'FEE', 'PRODUCT', 'TIP')),
  undiscountedAmountExcludingTax: shown(decimal),
  undiscountedAmountIncludingTax: shown(decimal),
  undiscountedUnitPriceExcludingTax: shown(decimal),
  undiscountedUnitPriceIncludingTax: shown(decimal),
  uniqueId: required(text(200, { min: 1 })),
  unitPriceExcludingTax: shown(decimal),
  unitPriceIncludingTax: shown(decimal),
}
