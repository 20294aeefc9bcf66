/** The REST API of systems, under /v1. */
import type { RequireRole } from '../../access/http.ts'
import type { Database, Tx } from '../../database/database.ts'
import type { Limits } from '../../edxml/limits.ts'
import type { HttpServer } from '../../http/server.ts'
import type { Mailbox } from '../../inbound/mailbox.ts'
import type { Report } from '../../lifecycle/report.ts'
import type { Submit } from '../../outbound/submit.ts'
import type { Trust } from '../../trust/judge.ts'
import type { SignatureVerdict } from '../../trust/verdict.ts'
import { addDocuments } from './documents.ts'
import { addMailbox } from './mailbox.ts'
import { createSubmissions } from './submissions.ts'

type Needs = {
  database: Database, requireRole: RequireRole, trust: Trust, meet: (verdict: SignatureVerdict) => void, limits: Limits, now: () => Date,
  submit: Submit, mailbox: Mailbox,
  report: (tx: Tx, report: Report) => Promise<{ id: string, code: string, reportedAt: Date }>,
  onReported: (connectionId: string) => void,
}

export async function addRest (http: HttpServer, needs: Needs) {
  await addDocuments(http, { ...needs, submissions: createSubmissions(needs) })
  addMailbox(http, needs)
}
