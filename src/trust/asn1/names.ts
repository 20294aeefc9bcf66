/** Names as certificates and CRLs bear them (RFC 5280, 4.1.2.4 and 4.2.1.6), in forms that can be compared. */
import { isUtf8 } from 'node:buffer'

import { TAG, childrenOf, oidOf, readDer, type Der } from './der.ts'

/** A name as the parts of its path, root first: two parts are equal exactly when they match (RFC 5280, 7.1). */
export type NameParts = string[]

/** One of the names that an extension may give. A form that nothing here weighs keeps only its tag. */
export type GeneralName =
  | { form: 'directory', parts: NameParts }
  | { form: 'email' | 'dns' | 'uri', text: string }
  | { form: 'ip', octets: Buffer }
  | { form: 'other', tag: number }

const EMAIL_ADDRESS = '1.2.840.113549.1.9.1'

/** The parts of a name. Case, runs of spaces and the kind of string do not tell two of them apart. */
export function readName (name: Der | undefined): NameParts {
  return childrenOf(name).map((set) => JSON.stringify(childrenOf(set, TAG.set).map((attribute) => {
    const [type, value] = childrenOf(attribute)
    return [oidOf(type), comparableValue(value)]
  }).toSorted()))
}

/** A whole name in one text: two are equal exactly when the names match. */
export function comparableName (parts: NameParts): string {
  return `[${parts.join(',')}]`
}

/** The mail addresses inside a name, as certificates had them before alternative names. */
export function emailsIn (name: Der | undefined): string[] {
  const attributes = childrenOf(name).flatMap((set) => childrenOf(set, TAG.set)).map((attribute) => childrenOf(attribute))
  // What is no text stays in as an address that no constraint permits
  return attributes.filter(([type]) => oidOf(type) === EMAIL_ADDRESS).map(([, value]) => (value && textOf(value)) ?? '')
}

/** One GeneralName. Its text is taken as it is: whether it is a name of that form at all is for whoever weighs it. */
export function readGeneralName ({ tag, content }: Der): GeneralName {
  switch (tag) {
    case 0x81: return { form: 'email', text: content.toString('latin1') }
    case 0x82: return { form: 'dns', text: content.toString('latin1') }
    case 0x86: return { form: 'uri', text: content.toString('latin1') }
    case 0x87: return { form: 'ip', octets: content }
    // A name is a CHOICE, so its tag is explicit
    case 0xa4: return { form: 'directory', parts: readName(readDer(content, TAG.sequence)) }
    default: return { form: 'other', tag }
  }
}

function comparableValue (value: Der | undefined): string {
  const text = value && textOf(value)
  if (text === undefined) return `#${value?.raw.toString('hex')}`
  return `=${text.normalize('NFKC').toLowerCase().trim().replace(/\s+/g, ' ')}`
}

function textOf ({ tag, content }: Der): string | undefined {
  switch (tag) {
    case TAG.utf8String:
    case TAG.printableString:
    case TAG.ia5String:
      return isUtf8(content) ? content.toString('utf8') : undefined
    case TAG.bmpString:
      return content.length % 2 === 0 ? Buffer.from(content).swap16().toString('utf16le') : undefined
    // Teletex and universal strings have no agreed reading: their bytes are compared
    default:
      return undefined
  }
}
