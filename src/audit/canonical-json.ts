/** One text for one value: the form that is hashed. */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }

/** JSON as RFC 8785 (JCS) writes it: no spaces, names sorted by their UTF-16 units, numbers and strings as JavaScript prints them. */
export function canonicalJson (value: Json): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  if (isList(value)) return `[${value.map(canonicalJson).join(',')}]`
  const members = Object.entries(value).toSorted(([a], [b]) => a < b ? -1 : 1)
  return `{${members.map(([name, part]) => `${JSON.stringify(name)}:${canonicalJson(part)}`).join(',')}}`
}

function isList (value: Json): value is readonly Json[] {
  return Array.isArray(value)
}
