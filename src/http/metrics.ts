/** Numbers for Prometheus: how requests fare, how the process is, and what other parts register. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Guard, HttpServer } from './server.ts'

/** One value of a metric with labels. */
export type Sample<Label extends string> = { labels: Record<Label, string>, value: number }

type Collected<Label extends string> = number | readonly Sample<Label>[]

/** Names get the prefix `lienthong_`. A name is registered once. */
export type Metrics = {
  /** `collect` is asked whenever the numbers are read; while it throws, the gauge is missing. */
  gauge<Label extends string = never> (name: string, help: string, collect: () => Collected<Label> | Promise<Collected<Label>>, labels?: readonly Label[]): void
  /** Gives the function that counts. */
  counter<Label extends string = never> (name: string, help: string, labels?: readonly Label[]): (labels: Record<Label, string>, by?: number) => void
  /** Gives the function that takes a duration in seconds. */
  duration<Label extends string = never> (name: string, help: string, labels?: readonly Label[]): (labels: Record<Label, string>, seconds: number) => void
  /** All numbers, in Prometheus' text format. */
  read (): Promise<string>
}

/** Seconds: a look-up takes 5 ms, a durable submit 50, a packet of 100 MiB a minute. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60]

/** Makes a set of metrics that holds those of the process. */
export function createMetrics (): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const named = <Label extends string>(name: string, help: string, labels: readonly Label[]) => ({ name: `lienthong_${name}`, help, labelNames: labels, registers: [registry] })

  return {
    gauge (name, help, collect, labels = []) {
      const gauge = new Gauge({
        ...named(name, help, labels),
        async collect () {
          const collected = await Promise.resolve().then(collect).catch(() => [])
          gauge.reset() // what is no longer collected goes
          if (typeof collected === 'number') gauge.set(collected)
          else if (labels.length === 0) gauge.remove() // reset leaves a 0, which would be a lie
          else for (const sample of collected) gauge.set(sample.labels, sample.value)
        },
      })
    },
    counter (name, help, labels = []) {
      const counter = new Counter(named(name, help, labels))
      return (values, by = 1) => counter.inc(values, by)
    },
    duration (name, help, labels = []) {
      const histogram = new Histogram({ ...named(name, help, labels), buckets: BUCKETS })
      return (values, seconds) => histogram.observe(values, seconds)
    },
    read: () => registry.metrics(),
  }
}

/** Serves /metrics to whom `guard` lets pass, and measures every request by its route. */
export function addMetrics (http: HttpServer, metrics: Metrics, guard: Guard) {
  const took = metrics.duration('http_request_seconds', 'Time to answer a request', ['method', 'route', 'status'])
  http.addHook('onResponse', (request, reply, done) => {
    // the route, not the address: addresses hold ids, and there are as many as callers like to invent
    took({ method: request.method, route: request.routeOptions.url ?? 'none', status: String(reply.statusCode) }, reply.elapsedTime / 1000)
    done()
  })
  http.get('/metrics', { onRequest: guard, schema: { summary: 'Numbers for Prometheus', tags: ['health'], produces: ['text/plain'] } },
    async (_request, reply) => reply.type(Registry.PROMETHEUS_CONTENT_TYPE).send(await metrics.read()))
}
