/** The API's description, made from the schemas that check the requests, and a page to read it on. */
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { Guard, HttpServer } from './server.ts'

/** `open` serves the description to everyone (the demo); otherwise `guard` says who may read it. */
export type OpenApiOptions = { version: string, open: boolean, guard: Guard }

/** Serves /openapi.json and /docs, which describe every route that is added later. */
export async function addOpenApi (http: HttpServer, { version, open, guard }: OpenApiOptions) {
  await http.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'lienthong',
        version,
        description: 'Cổng liên thông văn bản quốc gia: gửi, nhận và theo dõi văn bản điện tử giữa các cơ quan.\n\nDocument interconnection gateway: send, receive and follow official documents between agencies.',
      },
      components: { securitySchemes: { key: { type: 'http', scheme: 'bearer', description: 'Authorization: Bearer lt_…' } } },
      security: [{ key: [] }],
    },
    refResolver: { buildLocalReference: (json, _baseUri, _fragment, i) => typeof json['$id'] === 'string' ? json['$id'] : `def-${i}` },
    // every route can refuse, and refuses in one form
    transform: ({ schema, url }) => ({ schema: { ...schema, response: { ...schema?.response as object, '4XX': REFUSED, '5XX': FAILED } }, url }),
  })
  await http.register(async (scope) => {
    if (!open) scope.addHook('onRequest', guard)
    scope.get('/openapi.json', { schema: { hide: true } }, () => http.swagger())
    await scope.register(swaggerUi, {
      routePrefix: '/docs',
      uiConfig: { url: '/openapi.json', docExpansion: 'list' },
      theme: { title: 'lienthong API' },
      staticCSP: "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    })
  })
}

const PROBLEM = { content: { 'application/problem+json': { schema: { $ref: 'Problem#' } } } }
const REFUSED = { description: 'Refused: nothing was stored or changed', ...PROBLEM }
const FAILED = { description: 'The gateway failed: try again later', ...PROBLEM }
