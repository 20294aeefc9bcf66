/** `npm run schemas`: writes the JSON Schemas in this folder from the TypeBox schemas that check requests and set-ups. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Setup } from '../src/admin/setup.ts'
import { Metadata } from '../src/systems/rest/metadata.ts'

type Schema = { required?: string[], properties?: Record<string, { default?: unknown }> }

/** A field with a default is filled in before the check, so whoever writes one may leave it out. */
function withoutDefaulted (_key: string, schema: Schema): Schema {
  const { required, properties } = schema ?? {}
  if (!Array.isArray(required) || !properties) return schema
  return { ...schema, required: required.filter((name) => properties[name]?.default === undefined) }
}

/** Name and text of every file. */
export const JSON_SCHEMAS = Object.entries({ 'document-metadata': Metadata, setup: Setup }).map(([name, schema]) => ({
  file: join(import.meta.dirname, `${name}.schema.json`),
  text: `${JSON.stringify({ $schema: 'https://json-schema.org/draft/2020-12/schema', ...schema }, withoutDefaulted, 2)}\n`,
}))

if (import.meta.main) for (const { file, text } of JSON_SCHEMAS) writeFileSync(file, text)
