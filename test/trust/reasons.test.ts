/**
 * Every reason that a verdict can give has its clause, its Vietnamese and English text, and an input that brings it.
 * Each table `src/<area>/reasons.ts` has its inputs in `test/<area>/reasons.ts`, as `produces`: one for every code.
 */
import t from 'tap'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { ReasonTable, Result, Verdict } from '../../src/trust/verdict.ts'
import { readSources } from '../support/imports.ts'

const ROOT = join(import.meta.dirname, '../..')
const RANK: Record<Result, number> = { valid: 0, indeterminate: 1, invalid: 2 }

const files = readSources(join(ROOT, 'src')).filter(({ code }) => /\bsatisfies ReasonTable\b/.test(code)).map(({ path }) => path)
const tables = await Promise.all(files.map(async (path) => {
  const exported = await import(join(ROOT, 'src', path)) as Record<string, unknown>
  const found = Object.entries(exported).filter(([name]) => name.endsWith('_REASONS')) as [string, ReasonTable][]
  return { path, found }
}))
const rows = tables.flatMap(({ path, found }) => found.flatMap(([, table]) => Object.entries(table).map(([code, row]) => ({ path, code, row }))))

t.test('every table of reasons is found: one in a file called reasons.ts', async (t) => {
  t.ok(files.length > 1)
  for (const { path, found } of tables) {
    t.match(path, /\/reasons\.ts$/)
    t.equal(found.length, 1, path)
  }
})

t.test('every code is one of a kind, over all tables', async (t) => {
  const codes = rows.map(({ code }) => code)
  t.strictSame(codes.filter((code, index) => codes.indexOf(code) !== index), [])
  t.strictSame(codes.filter((code) => !/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$/.test(code)), [])
})

t.test('every reason has its text in both languages, and a clause or standard', async (t) => {
  for (const { code, row: [, vi, en, clause] } of rows) {
    for (const text of [vi, en, clause]) t.ok(text.trim() !== '' && text === text.trim(), code)
    t.not(vi, en, code)
    t.match(vi, /[^\x00-\x7f]/, `${code}: Vietnamese has its diacritics`)
    t.match(clause, /\d/, `${code}: the clause is one that can be looked up`)
  }
})

for (const { path, found: [named] } of tables) {
  const mirror = join(ROOT, 'test', path)
  t.test(`every reason of ${path} comes of some input, and brings its result`, async (t) => {
    const [, table] = named ?? []
    const { produces } = (existsSync(mirror) ? await import(mirror) : { produces: {} }) as { produces: Record<string, () => Verdict | Promise<Verdict>> }
    t.strictSame(Object.keys(produces).toSorted(), Object.keys(table ?? {}).toSorted(), `test/${path}`)
    for (const [code, [result, vi, en, clause]] of Object.entries(table ?? {})) {
      const verdict = await produces[code]?.()
      const reason = verdict?.reasons.find((one) => one.code === code)
      t.strictSame(reason && { vi: reason.vi, en: reason.en, clause: reason.clause }, { vi, en, clause }, code)
      t.ok(verdict && RANK[verdict.result] >= RANK[result], `${code} brings no better verdict than ${result}`)
    }
  })
}
