import { defineRefusals } from '../platform/refusal.ts'

const mebibyte = 1024 * 1024

/** D-99: the largest file. */
export const fileBytesMax = 25 * mebibyte

/** Every expected no of files; what accounts, claims and products refuse is the book's. */
export const refuse = defineRefusals({
  file_not_found: { kind: 'not_found', message: 'There is no such file' },
  file_empty: { kind: 'invalid', message: 'The file is empty' },
  file_too_large: {
    kind: 'too_large',
    message: `The file is larger than ${fileBytesMax / mebibyte} MB`,
  },
  file_type_refused: { kind: 'invalid', message: 'Files of this type are not accepted' },
  file_type_mismatch: {
    kind: 'invalid',
    message: 'The file is not what its name or its content type says',
  },
  invalid_cursor: { kind: 'invalid', message: 'This cursor was not given by us' },
})
