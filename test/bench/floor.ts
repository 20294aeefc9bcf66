/**
 * What a document cannot do without, at the limits measured: the floor under its CPU and under its time, by part. What the
 * gateway takes beyond it is what a better gateway would save.
 */
import type { Limits } from './limits.ts'

/** How often a document needs each, from POST to mailbox. */
export const NEEDS = {
  /** Of the seal, and of the packet that goes out. */
  sign: 2,
  /** Of the packet as the system signed it, and of the seal when it arrives; the axis leaves nothing of the third. */
  verify: 2,
  /** Of packet and attachment as they come; of the packet that goes out, for the signature and for its name; of packet and attachment as they arrive. */
  hash: 6,
  /** Of the packet as it comes, as it goes out, and as it arrives. */
  xml: 3,
  /** Taken in; about to be sent; sent; fetched; handed over: a crash between any two of them must be known from what is stored. */
  commit: 5,
  /** The system's POST. */
  postIn: 1,
  /** sendEdoc, getEdoc and updateStatus; a list serves many documents. */
  postOut: 3,
} as const

/** The parts of a document's CPU that have a floor, in ms. */
export type Floor = { sign: number, verify: number, xml: number, database: number, http: number, total: number, /** What of it PostgreSQL takes. */ server: number }

/** CPU of the gateway and of PostgreSQL. Each digest counts where it is needed: half of them for signatures, half for the names of blobs. */
export function cpuFloor ({ sign, verify, hash, xml, commit, post }: Limits): Floor {
  const parts = {
    sign: NEEDS.sign * sign.cpuMs + hash.cpuMs,
    verify: NEEDS.verify * verify.cpuMs + hash.cpuMs,
    xml: NEEDS.xml * xml.cpuMs,
    database: NEEDS.commit * (commit.cpuMs + commit.otherMs) + (NEEDS.hash - 2) * hash.cpuMs,
    http: NEEDS.postIn * post.otherMs + NEEDS.postOut * post.cpuMs,
  }
  return { ...parts, total: Object.values(parts).reduce((sum, ms) => sum + ms, 0), server: NEEDS.commit * commit.otherMs }
}

/** The shortest that accepting can take, one at a time: the packet is read, its signature judged, and the document stored. */
export function acceptFloor ({ post, verify, hash, xml, commit }: Limits): number {
  return post.aloneMs + verify.aloneMs + 3 * hash.aloneMs + xml.aloneMs + commit.aloneMs
}

/** The shortest from POST to mailbox: each step waits for the one before. */
export function handOverFloor ({ sign, verify, hash, xml, commit, post }: Limits): number {
  return NEEDS.sign * sign.aloneMs + NEEDS.verify * verify.aloneMs + NEEDS.hash * hash.aloneMs + NEEDS.xml * xml.aloneMs
    + NEEDS.commit * commit.aloneMs + (NEEDS.postIn + NEEDS.postOut) * post.aloneMs
}
