import { expect, test } from 'vitest'
import { isCode } from './make-links.ts'
import { linkUrl } from './link-url.ts'

const publicUrl = 'https://debts.example'

test.each([
  [undefined, 'https://debts.example/c/x'],
  ['https://pay.example.com', 'https://pay.example.com/c/x'],
  ['https://pay.example.com/acme/', 'https://pay.example.com/acme/c/x'],
  // What is no place that people can open is not used.
  ['javascript:alert(1)', 'https://debts.example/c/x'],
  ['pay.example.com', 'https://debts.example/c/x'],
  [7, 'https://debts.example/c/x'],
])('a tenant whose landingPageBase is %j has its pages at %s', (landingPageBase, url) => {
  expect(linkUrl({ publicUrl, settings: { landingPageBase } }, 'x')).toBe(url)
})

test.each([
  ['7hK2mQx9TfWv4RbNpZ', true],
  ['7hK2mQx9TfWv4RbNp', false],
  ['7hK2mQx9TfWv4RbNpZ\n', false],
  ['0hK2mQx9TfWv4RbNpZ', false],
  ["' or true --", false],
])('%j has the form of a code: %s', (text, isOne) => {
  expect(isCode(text)).toBe(isOne)
})
