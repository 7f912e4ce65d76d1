import { isUuid } from '../kernel/id.ts'

/** An id of ours as this door shows it: 32 hexadecimal digits in capitals. */
export function hexOf(id: string): string {
  return id.replaceAll('-', '').toUpperCase()
}

/** The id of ours that 32 hexadecimal digits are; undefined for whatever else somebody asks for. */
export function uuidOf(hex: string): string | undefined {
  const parts = /^(.{8})(.{4})(.{4})(.{4})(.{12})$/s.exec(hex)?.slice(1)
  const id = parts?.join('-').toLowerCase()
  return id !== undefined && isUuid(id) ? id : undefined
}
