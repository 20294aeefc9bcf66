import { Refusal } from '../errors.ts'
import type { RefusalCode } from '../errors.ts'
import { readDay, readMoment } from './dates.ts'
import type { Element } from './elements.ts'
import type { Field } from './layout.ts'
import type { Limits } from './limits.ts'
import { trimBlanks } from './markup.ts'
import type { Opened } from './open.ts'
import { EDXML_NAMESPACE } from './packet.ts'
import type { Warning, WarningCode } from './packet.ts'

/** One reading of one packet: where it notes what is odd, and refuses what is wrong. Paths are local names, as in `MessageHeader.To[2].OrganId`. */
export type Reading = {
  limits: Limits,
  warnings: Warning[],
  warn (code: WarningCode, field: string, detail?: string): void,
  refuse (code: RefusalCode, field: string, detail?: string): never,
}

/** Starts a reading of what was opened. */
export function startReading (opened: Pick<Opened, 'lineOf'>, limits: Limits): Reading {
  const warnings: Warning[] = []
  const faultAt = (field: string, detail?: string) => {
    const line = opened.lineOf(field)
    return { field, ...line === undefined ? {} : { line }, ...detail === undefined ? {} : { detail } }
  }
  return {
    limits,
    warnings,
    warn (code, field, detail) { if (warnings.length < MOST_WARNINGS) warnings.push({ code, ...faultAt(field, detail) }) },
    refuse (code, field, detail) { throw new Refusal(code, faultAt(field, detail)) },
  }
}

// Enough to see what is the matter with a sender's software; a hostile packet could cause one per element.
const MOST_WARNINGS = 100

export type Values = { [key: string]: string | number | boolean | Values | Values[] | string[] }

/** Reads the fields of an element, in any order, with any prefix. Elements it does not know are left out with a warning. */
export function readFields (reading: Reading, element: Element, fields: readonly Field[], path: string): Values {
  const found = childrenByName(reading, element, knownTo(fields), path)
  const values: Values = {}
  for (const field of fields) {
    if (field.kind === 'ignored') continue
    const value = readField(reading, field, found, path)
    if (value !== undefined) values[field.key] = value
  }
  return values
}

/** The children under each known name; those of another namespace than edXML's are refused, unknown ones warned about. */
export function childrenByName (reading: Reading, element: Element, known: Iterable<string>, path: string): Map<string, Element[]> {
  const found = new Map<string, Element[]>()
  for (const name of known) found.set(name, [])
  for (const child of element.children) {
    const name = found.has(child.name) ? child.name : child.name.replace(/^Business(?=[A-Z]|$)/, 'Bussiness')
    const siblings = found.get(name)
    if (siblings === undefined) {
      reading.warn('ELEMENT_UNKNOWN', `${path}.${child.name}`)
      continue
    }
    if (child.namespace !== EDXML_NAMESPACE && name !== 'Signature') reading.refuse('PACKET_NAMESPACE', `${path}.${child.name}`)
    if (name !== child.name) reading.warn('ELEMENT_SPELLING', `${path}.${child.name}`)
    siblings.push(child)
  }
  if (trimBlanks(element.text) !== '') reading.warn('ELEMENT_UNKNOWN', path, 'text between the elements')
  return found
}

/** The one child of this name, or undefined. */
export function onlyOne (reading: Reading, found: ReadonlyMap<string, Element[]>, name: string, path: string): Element | undefined {
  const [first, second] = found.get(name) ?? []
  if (second !== undefined) reading.refuse('PACKET_ELEMENT_REPEATED', `${path}.${name}[2]`)
  return first
}

const KNOWN = new WeakMap<readonly Field[], readonly string[]>()

function knownTo (fields: readonly Field[]): readonly string[] {
  let known = KNOWN.get(fields)
  if (known === undefined) {
    known = fields.map((field) => 'within' in field ? field.within : field.element)
    KNOWN.set(fields, known)
  }
  return known
}

function readField (reading: Reading, field: Exclude<Field, { kind: 'ignored' }>, found: ReadonlyMap<string, Element[]>, path: string): Values[string] | undefined {
  switch (field.kind) {
    case 'group': return readGroup(reading, field, onlyOne(reading, found, field.element, path), `${path}.${field.element}`)
    case 'groups': return readGroups(reading, field, found, path)
    case 'texts': {
      const { elements, at } = listed(reading, field, found, path)
      return elements.map((element, index) => textOf(reading, element, at(index))).filter((value) => value !== '')
    }
    case 'text':
    case 'day':
    case 'moment':
    case 'integer':
    case 'flag': {
      const element = onlyOne(reading, found, field.element, path)
      const at = `${path}.${field.element}`
      const text = element === undefined ? '' : textOf(reading, element, at)
      if (text === '' && field.required) reading.refuse('PACKET_ELEMENT_MISSING', at)
      return text === '' ? field.absent : readValue(reading, field, text, at)
    }
  }
}

function readGroup (reading: Reading, field: Field & { kind: 'group' }, element: Element | undefined, path: string): Values | undefined {
  if (element === undefined) {
    if (field.required) reading.refuse('PACKET_ELEMENT_MISSING', path)
    return field.always ? {} : undefined
  }
  // An element without any value is not there, so nothing in it can be missing.
  if (!field.required && !field.always && isEmpty(element)) return undefined
  return readFields(reading, element, field.fields, path)
}

function readGroups (reading: Reading, field: Field & { kind: 'groups' }, found: ReadonlyMap<string, Element[]>, path: string): Values[] {
  const { elements, at } = listed(reading, field, found, path)
  if (field.required && elements.length === 0) reading.refuse('PACKET_ELEMENT_MISSING', `${path}.${field.element}`)
  // What has nothing it must have may be empty, and then is not there: `<ResponseFor />` is common.
  const mayBeEmpty = field.fields.every((inner) => !('required' in inner && inner.required))
  return elements.flatMap((element, index) => mayBeEmpty && isEmpty(element) ? [] : [readFields(reading, element, field.fields, at(index))])
}

function listed (reading: Reading, field: { element: string, within?: string }, found: ReadonlyMap<string, Element[]>, path: string): { elements: Element[], at: (index: number) => string } {
  const { element: name, within } = field
  if (within === undefined) return { elements: found.get(name) ?? [], at: (index) => `${path}.${name}[${index + 1}]` }
  const container = onlyOne(reading, found, within, path)
  const elements = container === undefined ? [] : childrenByName(reading, container, [name], `${path}.${within}`).get(name) ?? []
  return { elements, at: (index) => `${path}.${within}.${name}[${index + 1}]` }
}

function isEmpty (element: Element): boolean {
  return trimBlanks(element.text) === '' && element.children.every(isEmpty)
}

function textOf (reading: Reading, element: Element, path: string): string {
  if (element.children.length > 0) reading.refuse('PACKET_VALUE_INVALID', path, 'elements where text belongs')
  return trimBlanks(element.text)
}

function readValue (reading: Reading, field: Field & { kind: 'text' | 'day' | 'moment' | 'integer' | 'flag' }, text: string, path: string): string | number | boolean | undefined {
  if (field.only !== undefined && !field.only.test(text)) reading.refuse('PACKET_VALUE_INVALID', path)
  if (field.usual !== undefined && !field.usual.test(text)) reading.warn('VALUE_UNUSUAL', path)
  switch (field.kind) {
    case 'text': return text
    case 'day':
    case 'moment': {
      const read = field.kind === 'day' ? readDay(text) : readMoment(text)
      if (read === null || !read.standard) reading.warn(read === null ? 'DATE_UNREADABLE' : 'DATE_FORM', path)
      return read?.value ?? field.absent
    }
    case 'integer': {
      const value = /^[+-]?\d{1,15}$/.test(text) ? Number(text) : undefined
      if (value === undefined) reading.warn('VALUE_UNREADABLE', path)
      return value ?? field.absent
    }
    case 'flag': {
      const value = { true: true, 1: true, false: false, 0: false }[text.toLowerCase()]
      if (value === undefined) reading.warn('VALUE_UNREADABLE', path)
      return value
    }
  }
}
