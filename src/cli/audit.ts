import { linkAudit, verifyAudit } from '../audit/audit.ts'
import { withDatabase } from './database.ts'

/** `lienthong audit`: whether every entry is as it was written. Exit code 1 when one is not. Whoever keeps the head elsewhere can tell that no end was cut off. */
export async function checkAudit (): Promise<number> {
  const verdict = await withDatabase(async (database) => {
    await linkAudit(database, { thorough: true })
    return verifyAudit(database)
  })
  console.log(verdict.ok ? `Nhật ký nguyên vẹn · The audit is intact: ${verdict.length} ${verdict.head.hash}` : `Nhật ký bị sửa ở vị trí · The audit was changed at position ${verdict.position}`)
  return verdict.ok ? 0 : 1
}
