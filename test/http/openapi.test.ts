import t, { type Test } from 'tap'
import Type from 'typebox'
import { Refusal } from '../../src/errors.ts'
import { addOpenApi } from '../../src/http/openapi.ts'
import { createHttpServer, type Guard } from '../../src/http/server.ts'

async function setup (t: Test, open: boolean) {
  const http = await createHttpServer({ log: { level: 'silent' } })
  t.teardown(() => http.close())
  const guard: Guard = async (request) => {
    if (request.headers.authorization !== 'Bearer good') throw new Refusal('UNAUTHENTICATED')
  }
  await addOpenApi(http, { version: '0.1.0', open, guard })
  http.register(async (scope) => {
    scope.post('/documents', {
      schema: { summary: 'Send a document', body: Type.Object({ subject: Type.String() }), response: { 202: Type.Object({ id: Type.String() }) } },
    }, async (_request, reply) => reply.code(202).send({ id: '1' }))
    scope.get('/inner', { schema: { hide: true } }, async () => ({}))
  }, { prefix: '/v1' })
  return http
}

t.test('the description comes from the schemas that check the requests', async (t) => {
  const http = await setup(t, true)
  const description = (await http.inject('/openapi.json')).json()
  t.match(description, {
    openapi: '3.1.0',
    info: { title: 'lienthong', version: '0.1.0' },
    security: [{ key: [] }],
    components: { securitySchemes: { key: { type: 'http', scheme: 'bearer' } } },
  })
  t.strictSame(Object.keys(description.paths), ['/v1/documents'])
  t.match(description.paths['/v1/documents'].post, {
    summary: 'Send a document',
    requestBody: { required: true, content: { 'application/json': { schema: { type: 'object', properties: { subject: { type: 'string' } }, required: ['subject'], additionalProperties: false } } } },
    responses: {
      202: { content: { 'application/json': { schema: { properties: { id: { type: 'string' } } } } } },
      '4XX': { content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } },
      '5XX': { content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } },
    },
  })
})

t.test('the problem schema names every field that a refusal can have', async (t) => {
  const http = await setup(t, true)
  const { properties, required } = (await http.inject('/openapi.json')).json().components.schemas.Problem
  const { instance, ...problem } = (await http.inject('/nowhere')).json()
  t.ok(instance)
  t.strictSame(Object.keys(properties).toSorted(), ['field', 'line', 'detail', 'instance', ...Object.keys(problem)].toSorted())
  t.strictSame(required.toSorted(), ['instance', ...Object.keys(problem)].toSorted())
})

t.test('in the demo the page is open, and loads nothing from elsewhere', async (t) => {
  const http = await setup(t, true)
  const page = await http.inject('/docs')
  t.equal(page.statusCode, 200)
  t.match(page.body, /<title>lienthong API<\/title>/)
  t.match(page.headers['content-security-policy'], /^default-src 'none'; script-src 'self';/)
  for (const [, path = ''] of page.body.matchAll(/(?:src|href)="([^"]+)"/g)) {
    t.equal((await http.inject(path)).statusCode, 200, path)
  }
  t.match((await http.inject('/docs/static/swagger-initializer.js')).body, /\/openapi\.json/)
})

t.test('elsewhere every address of it wants a key', async (t) => {
  const http = await setup(t, false)
  for (const url of ['/openapi.json', '/docs', '/docs/', '/docs/json', '/docs/yaml', '/docs/static/swagger-ui-bundle.js', '/docs/static/index.html']) {
    t.equal((await http.inject(url)).statusCode, 401, url)
  }
  t.equal((await http.inject({ url: '/openapi.json', headers: { authorization: 'Bearer good' } })).statusCode, 200)
})
