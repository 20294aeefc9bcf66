/** Which connection a recipient is reached by. */
export type Reachable = { code: string, source: string }

export type Route<Recipient extends Reachable> = { connectionId: string, recipients: Recipient[] }

/**
 * Groups recipients by connection. An agency that an axis listed is reached through that axis (`source` is
 * `axis:<connection>`); any other through the first connection. No connection at all gives no routes.
 */
export function routeRecipients<Recipient extends Reachable> (recipients: readonly Recipient[], connectionIds: readonly string[]): Route<Recipient>[] {
  const [first] = connectionIds
  if (first === undefined) return []
  const routes = new Map<string, Recipient[]>()
  for (const recipient of recipients) {
    const listedBy = recipient.source.startsWith('axis:') ? recipient.source.slice('axis:'.length) : first
    const connectionId = connectionIds.includes(listedBy) ? listedBy : first
    const together = routes.get(connectionId)
    if (together) together.push(recipient)
    else routes.set(connectionId, [recipient])
  }
  return [...routes].map(([connectionId, together]) => ({ connectionId, recipients: together }))
}
