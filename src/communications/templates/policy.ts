/** What a template may use; everything else is refused when it is saved, and again when it runs. */

export const allowedTags = ['apply', 'for', 'if', 'set', 'spaceless', 'verbatim'] as const

export const allowedFilters = [
  'abs',
  'batch',
  'capitalize',
  'column',
  'date',
  'date_local',
  'default',
  'e',
  'escape',
  'filter',
  'first',
  'format',
  'join',
  'keys',
  'last',
  'length',
  'lower',
  'map',
  'merge',
  'money',
  'nl2br',
  'number_format',
  'replace',
  'reverse',
  'round',
  'slice',
  'spaceless',
  'split',
  'striptags',
  'title',
  'trim',
  'upper',
  'url_encode',
] as const

export const allowedFunctions = ['cycle', 'max', 'min', 'range'] as const

export const allowedTests = [
  'defined',
  'divisible by',
  'empty',
  'even',
  'iterable',
  'none',
  'null',
  'odd',
  'same as',
] as const
