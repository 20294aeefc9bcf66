import t from 'tap'
import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { Compile } from 'typebox/schema'
import { parseSetup } from '../src/admin/setup.ts'
import { JSON_SCHEMAS } from '../schemas/write.ts'

t.test('the JSON Schemas are those that requests and set-ups are checked with (npm run schemas writes them anew)', async (t) => {
  for (const { file, text } of JSON_SCHEMAS) t.equal(readFileSync(file, 'utf8'), text, basename(file))
})

t.test('a set-up that the gateway takes is one that its JSON Schema takes', async (t) => {
  const schema = Compile(JSON.parse(readFileSync(join(import.meta.dirname, '../schemas/setup.schema.json'), 'utf8')))
  const connection = { id: 'axis', protocol: 'vxp', baseUrl: 'https://axis.example/', systemId: 'H90.W01', secret: 'x' }
  const system = { id: 'dms-a', name: 'QLVB', agencies: ['H90.01'] }
  const isTaken = (setup: object) => {
    try {
      return Boolean(parseSetup(JSON.stringify(setup)))
    } catch {
      return false
    }
  }
  for (const setup of [
    {}, { connections: [connection] }, { connections: [{ ...connection, policy: { sealing: true } }] }, { systems: [system] },
    { connections: [{ ...connection, protocol: 'ftp' }] }, { connections: [{ ...connection, policy: { sealing: 'yes' } }] }, { systems: [{ ...system, agencies: [] }] }, { other: [] },
  ]) t.equal(schema.Check(setup), isTaken(setup), JSON.stringify(setup))
  t.ok(isTaken({ connections: [connection] }), 'what has a default may be left out')
})
