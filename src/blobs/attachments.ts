import type { Attachment } from '../edxml/packet.ts'
import type { BlobRef } from './blobs.ts'

/** An attachment whose bytes are a blob: all that is kept beside them. */
export type StoredAttachment = Omit<Attachment, 'bytes'> & BlobRef

/** Joins attachments with the blobs their bytes became, in the same order. The bytes themselves go no further. */
export function asStored (attachments: readonly Attachment[], blobs: readonly BlobRef[]): StoredAttachment[] {
  return attachments.map(({ bytes: _, ...attachment }, index) => ({ ...attachment, ...blobs[index]! }))
}

/** The columns that `attachmentRows` has, for `jsonb_to_recordset(…) as f(…)`. */
export const ATTACHMENT_ROW = '(position int, "contentId" text, name text, "originalName" text, "contentType" text, description text, size bigint, sha256 text)'

/** Attachments as JSON rows, numbered from 1. */
export function attachmentRows (attachments: readonly StoredAttachment[]): string {
  return JSON.stringify(attachments.map(({ sha256, ...attachment }, index) => ({ ...attachment, position: index + 1, sha256: sha256.toString('hex') })))
}
