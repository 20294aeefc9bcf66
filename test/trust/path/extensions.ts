/** The extensions by which CAs narrow what follows them, and names of every form, for certificates of tests. */
import forge from 'node-forge'

import type { Extension } from '../../../certs-example/issue.ts'

/** A GeneralName, DER: its tag says the form. */
export const name = {
  email: (text: string) => der(0x81, text),
  dns: (text: string) => der(0x82, text),
  uri: (text: string) => der(0x86, text),
  ip: (...octets: number[]) => der(0x87, Buffer.from(octets)),
  registered: (id: string) => der(0x88, forge.asn1.oidToDer(id).getBytes()),
  /** C=VN, and what follows */
  directory: (...commonNames: string[]) => der(0xa4, der(0x30, attribute('2.5.4.6', 0x13, 'VN'), ...commonNames.map((CN) => attribute('2.5.4.3', 0x0c, CN)))),
}

export function subjectAltName (...names: Buffer[]): Extension {
  return { id: '2.5.29.17', value: der(0x30, ...names) }
}

export function nameConstraints ({ permitted = [], excluded = [] }: { permitted?: Buffer[], excluded?: Buffer[] }): Extension {
  const trees = (tag: number, bases: Buffer[]) => bases.length === 0 ? [] : [der(tag, ...bases.map((base) => der(0x30, base)))]
  return { id: '2.5.29.30', critical: true, value: der(0x30, ...trees(0xa0, permitted), ...trees(0xa1, excluded)) }
}

export function policies (...ids: string[]): Extension {
  return { id: '2.5.29.32', value: der(0x30, ...ids.map((id) => der(0x30, oid(id)))) }
}

export function policyMappings (...pairs: [string, string][]): Extension {
  return { id: '2.5.29.33', critical: true, value: der(0x30, ...pairs.map((pair) => der(0x30, ...pair.map(oid)))) }
}

export function policyConstraints ({ requireExplicit, inhibitMapping }: { requireExplicit?: number, inhibitMapping?: number }): Extension {
  const field = (tag: number, value?: number) => value === undefined ? [] : [der(tag, Buffer.from([value]))]
  return { id: '2.5.29.36', critical: true, value: der(0x30, ...field(0x80, requireExplicit), ...field(0x81, inhibitMapping)) }
}

export function inhibitAnyPolicy (skip: number): Extension {
  return { id: '2.5.29.54', critical: true, value: der(0x02, Buffer.from([skip])) }
}

/** One element of DER. */
export function der (tag: number, ...contents: (Buffer | string)[]): Buffer {
  const content = Buffer.concat(contents.map((part) => typeof part === 'string' ? Buffer.from(part, 'latin1') : part))
  const length = content.length < 128 ? [content.length] : content.length < 256 ? [0x81, content.length] : [0x82, content.length >> 8, content.length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...length]), content])
}

export function oid (id: string): Buffer {
  return der(0x06, forge.asn1.oidToDer(id).getBytes())
}

function attribute (id: string, tag: number, text: string): Buffer {
  return der(0x31, der(0x30, oid(id), der(tag, Buffer.from(text))))
}
