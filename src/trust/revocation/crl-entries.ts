/** The entries of a CRL (RFC 5280, 5.1.2.6 and 5.3), walked once without an object for each. */
import { DerError, TAG, childrenOf, expectTag, readDer, readElements, spanAt, timeOf, type Der, type Span } from '../asn1/der.ts'
import { comparableName } from '../asn1/names.ts'
import { directoryNamesIn } from './points.ts'

/** CRLReason, RFC 5280, 5.3.1, by number; 7 is not used. */
const CRL_REASONS: Readonly<Record<number, string>> = {
  0: 'unspecified', 1: 'keyCompromise', 2: 'cACompromise', 3: 'affiliationChanged', 4: 'superseded', 5: 'cessationOfOperation',
  6: 'certificateHold', 8: 'removeFromCRL', 9: 'privilegeWithdrawn', 10: 'aACompromise',
}

/** That a certificate is revoked: since when, why, and since when its key is known or believed to have been in wrong hands. */
export type Revoked = { at: Date, reason: string, invalidSince?: Date }

/** What a walk found. `unknown` are the critical extensions of entries that are not understood. */
export type Entries = { size: number, unknown: string[], find (serial: string, certificateIssuer: string): Revoked | undefined }

/** By the octets of their identifiers: the walk makes no more of them. */
const REASON = '551d15'
const INVALIDITY_DATE = '551d18'
const CERTIFICATE_ISSUER = '551d1d'
const UNDERSTOOD = new Set([REASON, INVALIDITY_DATE, CERTIFICATE_ISSUER])

/** Walks the entries. Those of an indirect CRL belong to the certificate issuer that one of them, or the nearest before it, names. Throws DerError. */
export function readEntries (revoked: Der | undefined, crlIssuer: string, indirect: boolean): Entries {
  const bytes = revoked?.content ?? Buffer.alloc(0)
  const unknown = new Set<string>()
  const entry: Span = { tag: 0, from: 0, to: 0 }
  const part: Span = { tag: 0, from: 0, to: 0 }
  let places = new Map<string, number>()
  const placesByIssuer = new Map([[crlIssuer, places]])
  const onExtension = (id: string, critical: boolean, value: () => Buffer) => {
    if (critical && !UNDERSTOOD.has(id)) unknown.add(id)
    if (id !== CERTIFICATE_ISSUER) return
    // RFC 5280, 5.3.3: only an indirect CRL has such entries; elsewhere they would speak of somebody else's certificates
    if (!indirect) throw new DerError('an entry names a certificate issuer, and the CRL is not indirect')
    const [issuer] = directoryNamesIn(readDer(value(), TAG.sequence)).map(comparableName)
    if (issuer === undefined) throw new DerError('a certificate issuer has no directory name')
    places = placesByIssuer.get(issuer) ?? new Map<string, number>()
    placesByIssuer.set(issuer, places)
  }
  let size = 0
  for (let at = 0; at < bytes.length; at = entry.to) {
    const isEntry = spanAt(bytes, at, bytes.length, entry) === TAG.sequence
    if (!isEntry || spanAt(bytes, entry.from, entry.to, part) !== TAG.integer) throw new DerError('an entry has no serial number')
    if (part.to - part.from > MAX_SERIAL || isPadded(bytes, part)) throw new DerError('a serial number is too long or padded')
    const serial = bytes.toString('hex', part.from, part.to)
    const dateTag = spanAt(bytes, part.to, entry.to, part)
    if (dateTag !== TAG.utcTime && dateTag !== TAG.generalizedTime) throw new DerError('an entry has no date')
    if (part.to < entry.to) walkExtensions(bytes, part.to, entry.to, onExtension)
    const other = places.get(serial)
    if (other === undefined || revokedAt(bytes, at).at < revokedAt(bytes, other).at) places.set(serial, at)
    size++
  }
  return {
    size,
    unknown: [...unknown],
    find: (serial, certificateIssuer) => {
      const at = placesByIssuer.get(certificateIssuer)?.get(serial)
      return at === undefined ? undefined : revokedAt(bytes, at)
    },
  }
}

/** RFC 5280, 4.1.2.2, admits 20 octets; some CAs wrote more. */
const MAX_SERIAL = 64

function isPadded (bytes: Buffer, { from, to }: Span): boolean {
  if (from === to) return true
  return to - from > 1 && ((bytes[from] === 0 && bytes[from + 1]! < 0x80) || (bytes[from] === 0xff && bytes[from + 1]! >= 0x80))
}

function walkExtensions (bytes: Buffer, from: number, to: number, on: (id: string, critical: boolean, value: () => Buffer) => void): void {
  const outer: Span = { tag: 0, from: 0, to: 0 }
  const inner: Span = { tag: 0, from: 0, to: 0 }
  if (spanAt(bytes, from, to, outer) !== TAG.sequence || outer.to !== to) throw new DerError('an entry has more than its extensions')
  for (let at = outer.from; at < to; at = outer.to) {
    const isExtension = spanAt(bytes, at, to, outer) === TAG.sequence
    if (!isExtension || spanAt(bytes, outer.from, outer.to, inner) !== TAG.oid) throw new DerError('an extension has no name')
    const id = bytes.toString('hex', inner.from, inner.to)
    let tag = spanAt(bytes, inner.to, outer.to, inner)
    const critical = tag === TAG.boolean
    if (critical) tag = spanAt(bytes, inner.to, outer.to, inner)
    if (tag !== TAG.octetString || inner.to !== outer.to) throw new DerError('an extension has no value')
    const { from: start, to: end } = inner
    on(id, critical, () => bytes.subarray(start, end))
  }
}

function revokedAt (bytes: Buffer, at: number): Revoked {
  const span: Span = { tag: 0, from: 0, to: 0 }
  spanAt(bytes, at, bytes.length, span)
  const [, date, extensions] = childrenOf({ tag: span.tag, content: bytes.subarray(span.from, span.to), raw: bytes })
  const revoked: Revoked = { at: timeOf(date), reason: reasonOf(0) }
  if (extensions === undefined) return revoked
  walkExtensions(extensions.raw, 0, extensions.raw.length, (id, _, value) => {
    if (id === REASON) revoked.reason = reasonOf(expectTag(readElements(value())[0], TAG.enumerated).content[0] ?? 0)
    if (id === INVALIDITY_DATE) revoked.invalidSince = timeOf(readDer(value(), TAG.generalizedTime))
  })
  return revoked
}

/** Why, by CRLReason's name; a number without one is no reason to overlook the entry. */
export function reasonOf (number: number): string {
  return CRL_REASONS[number] ?? `reason ${number}`
}
