/** What of a value is not as its schema says, as whoever wrote the value can find and mend it. */

/** A fault as typebox tells it; of a union first those of its parts. */
export type SchemaFault = { keyword: string, instancePath: string, params: object, message: string }

/** The names that lead to the first fault, with that of a field that is missing, and what is wrong there: the values that are allowed, where only some are. */
export function firstFault (faults: readonly object[]): { names: string[], detail: string } {
  const [first, ...others] = faults as SchemaFault[]
  const { keyword, instancePath, params, message } = first!
  const { requiredProperties: [missing] = [] } = params as { requiredProperties?: string[] }
  const names = instancePath.split('/').slice(1).map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'))
  const allowed = [first!, ...others].filter((fault) => fault.keyword === 'const' && fault.instancePath === instancePath).map(({ params }) => (params as { allowedValue: unknown }).allowedValue)
  switch (keyword) {
    case 'boolean': return { names, detail: 'there is no such field' }
    case 'const': return { names, detail: `must be one of ${allowed.join(', ')}` }
    case 'required': return { names: missing === undefined ? names : [...names, missing], detail: message }
    default: return { names, detail: message }
  }
}

/** Where in a submission a fault is: `metadata.sign[1].as`, counted from 1 as its files are. */
export function counted (names: readonly string[]): string {
  return names.reduce((path, name) => /^\d+$/.test(name) ? `${path}[${Number(name) + 1}]` : `${path}.${name}`)
}
