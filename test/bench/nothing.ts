/** A server that takes packets and does nothing with them, for a process of its own: what HTTP alone costs. It ends with its parent. */
import Fastify from 'fastify'
import { acceptPackets } from '../../src/http/server.ts'

const http = Fastify()
acceptPackets(http, 1024 * 1024)
http.post('/', async (_request, reply) => reply.code(202).send({}))
process.send!({ url: await http.listen({ host: '127.0.0.1', port: 0 }) })
process.once('disconnect', () => process.exit())
