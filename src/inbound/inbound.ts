import { createFetch } from './fetch.ts'
import { createHeld } from './held.ts'
import { createJudge } from './judge.ts'
import { createMailbox } from './mailbox.ts'
import { createRecheck } from './recheck.ts'
import { createVerify } from './verify.ts'

type Needs =
  & Omit<Parameters<typeof createFetch>[0], 'onStored'>
  & Omit<Parameters<typeof createVerify>[0], 'judge' | 'recheck' | 'onReported'>
  & Omit<Parameters<typeof createHeld>[0], 'onReported'>
  & Omit<Parameters<typeof createRecheck>[0], 'judge'>
  & Omit<Parameters<typeof createMailbox>[0], 'onReported'>
  & Parameters<typeof createJudge>[0]
  & { nudge: { verify: (connectionId: string) => void, send: (connectionId: string) => void } }

/** Packets on their way in: fetch, verify, hand over, and look again at what passed before all was known. */
export function createInbound ({ nudge, ...needs }: Needs) {
  const judge = createJudge(needs)
  const recheck = createRecheck({ ...needs, judge })
  return {
    fetch: createFetch({ ...needs, onStored: nudge.verify }),
    verify: createVerify({ ...needs, judge, recheck, onReported: nudge.send }),
    recheck,
    mailbox: createMailbox({ ...needs, onReported: nudge.send }),
    held: createHeld({ ...needs, onReported: nudge.send }),
  }
}
