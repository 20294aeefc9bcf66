import { createFetch } from './fetch.ts'
import { createMailbox } from './mailbox.ts'
import { createVerify } from './verify.ts'

type Needs =
  & Omit<Parameters<typeof createFetch>[0], 'onStored'>
  & Parameters<typeof createVerify>[0]
  & Omit<Parameters<typeof createMailbox>[0], 'onReported'>
  & { nudge: { verify: (connectionId: string) => void, send: (connectionId: string) => void } }

/** Packets on their way in: fetch, verify, hand over. */
export function createInbound ({ nudge, ...needs }: Needs) {
  return {
    fetch: createFetch({ ...needs, onStored: nudge.verify }),
    verify: createVerify(needs),
    mailbox: createMailbox({ ...needs, onReported: nudge.send }),
  }
}
