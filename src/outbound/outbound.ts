import { v7 as newId } from 'uuid'
import type { Tx } from '../database/database.ts'
import type { Queue } from '../queue/queue.ts'
import { createCompletePdf } from './complete-pdf.ts'
import { createConclude } from './conclude.ts'
import { createReconcile } from './reconcile.ts'
import { createRender } from './render.ts'
import { createSend } from './send.ts'
import { createSignPdf } from './sign-pdf.ts'
import { createCheckSigning } from './sign-request.ts'
import { createSubmit, PATIENCE_MS } from './submit.ts'

type Needs =
  & Omit<Parameters<typeof createSubmit>[0], 'onStored' | 'onToSign' | 'checkSigning'>
  & Omit<Parameters<typeof createSend>[0], 'render' | 'conclude' | 'onUnknown'>
  & Parameters<typeof createRender>[0]
  & Omit<Parameters<typeof createSignPdf>[0], 'complete' | 'onSigned'>
  & Omit<Parameters<typeof createCompletePdf>[0], 'onFinished'>
  & { nudge: { signPdf: () => void, completePdf: () => void, send: (connectionId: string) => void, reconcile: (connectionId: string) => void } }

/** Documents and statuses on their way out: submit, sign their files, seal and send, reconcile. */
export function createOutbound ({ nudge, ...needs }: Needs) {
  const render = createRender(needs)
  const conclude = createConclude(needs)
  const complete = createCompletePdf({ ...needs, onFinished: (connectionIds) => connectionIds.forEach(nudge.send) })
  return {
    submit: createSubmit({ ...needs, checkSigning: createCheckSigning(needs), onStored: (connectionIds) => connectionIds.forEach(nudge.send), onToSign: nudge.signPdf }),
    files: createSignPdf({ ...needs, complete, onSigned: nudge.completePdf }),
    send: createSend({ ...needs, render, conclude, onUnknown: nudge.reconcile }),
    reconcile: createReconcile({ ...needs, conclude, onWaiting: nudge.send }),
    dispatchStatus: createDispatchStatus(needs.queue),
  }
}

/** For statuses that a command reports, too: any gateway sends them. */
export function createDispatchStatus (queue: Queue) {
  /** Puts a status packet into the lane of a connection. Once tx commits, it will be sent after those with the same `orderKey`. */
  return async function dispatchStatus (tx: Tx, { statusId, connectionId, orderKey, at }: { statusId: string, connectionId: string, orderKey: string, at: Date }): Promise<void> {
    await tx.query({
      name: 'dispatch-status',
      text: `insert into dispatch (id, connection_id, status_id, order_key, state, urgency, next_at, patience_until, created_at, updated_at)
             values ($1, $2, $3, $4, 'waiting', 1, $5, $6, $5, $5)`, // a status is small and somebody waits for it: ahead of ordinary documents
      values: [newId(), connectionId, statusId, orderKey, at, new Date(at.getTime() + PATIENCE_MS)],
    })
    await queue.wake(tx, [{ name: 'outbound.send', data: { connectionId }, key: connectionId }])
  }
}
