/** Every job the gateway runs in the background, with what it carries. A job's queue has the job's name. */
export type Jobs = {
  /** Dispatches of this connection may be due. */
  'outbound.send': { connectionId: string }
  /** Dispatches of this connection may have an unknown outcome. */
  'outbound.reconcile': { connectionId: string }
  /** PDFs may wait for their agency's signature, or for what it lacks. */
  'outbound.sign-pdf': Record<never, never>
  /** It is time to ask this connection's axis what waits for us. */
  'inbound.fetch': { connectionId: string }
  /** Arrivals of this connection may wait for their verdict. */
  'inbound.verify': { connectionId: string }
  /** It is time to compare the registry with the agencies that this connection's axis lists. */
  'agencies.sync': { connectionId: string }
  /** A day has passed: certificates may be about to expire. */
  'certificates.expiry': Record<never, never>
  /** Audit entries may wait for their place in the hash chain. */
  'audit.link': Record<never, never>
  /** Certificates were met whose revocation nobody has asked for yet. */
  'trust.revocation': Record<never, never>
  /** Hashes may wait for their time-stamp. */
  'trust.time-stamp': Record<never, never>
  /** Something may lie idle: wake whatever is due. */
  'rescue': Record<never, never>
}

export type JobName = keyof Jobs

/** A job to be run: it says where to look, not what to do there. While one with its key waits, a second is not added. */
export type NewJob = {
  [Name in JobName]: { name: Name, data: Jobs[Name], key: string, startAt?: Date }
}[JobName]

/** What runs the jobs of each name. May be called twice for one job, and never for a lost one. */
export type JobHandlers = { [Name in JobName]: (data: Jobs[Name]) => Promise<void> }
