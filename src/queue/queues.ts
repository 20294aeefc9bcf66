import type { Queue } from 'pg-boss'
import type { JobName } from '../jobs.ts'

/** The database schema pg-boss works in. */
export const SCHEMA = 'queue'

/** While a job with its key waits, a second one is not added. Our own failures are tried again after 1, 2, 4 … 60 s. */
const WAKE_UP = {
  policy: 'short',
  retryLimit: 10,
  retryDelay: 1,
  retryBackoff: true,
  retryDelayMax: 60,
  expireInSeconds: 300, // a job that a killed process held is run again after this; rescue looks sooner
  retentionSeconds: 24 * 3600,
  deleteAfterSeconds: 3600,
} as const satisfies Omit<Queue, 'name'>

/** Every job's queue. */
export const QUEUES: Record<JobName, Omit<Queue, 'name'>> = {
  'outbound.send': WAKE_UP,
  'outbound.reconcile': WAKE_UP,
  'outbound.sign-pdf': WAKE_UP,
  'inbound.fetch': WAKE_UP,
  'inbound.verify': WAKE_UP,
  'agencies.sync': WAKE_UP,
  'certificates.expiry': WAKE_UP,
  'audit.link': WAKE_UP,
  'trust.time-stamp': WAKE_UP,
  'trust.revocation': WAKE_UP,
  'rescue': WAKE_UP,
}
