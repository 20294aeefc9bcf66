/** A fault in what was typed behind a command. */
export class UsageError extends Error {}

/** What is said of such a fault: what is wrong, and which command lists all there is: `lienthong` alone, or with a command. Null for any other error. */
export function usageFault (error: unknown, command: string): string | null {
  const code = String((error as { code?: unknown } | null)?.code ?? '')
  return error instanceof UsageError || code.startsWith('ERR_PARSE_ARGS') ? `${(error as Error).message}\nMọi tùy chọn · All options: ${['lienthong', command].filter(Boolean).join(' ')}` : null
}
