/** Which of an agency's keys signs at a moment, and which comes next. */

/** `activeFrom` null: from the beginning. A retired key never signs again. */
export type KeyTerm = { activeFrom: Date | null, addedAt: Date, retiredAt: Date | null }

/** `current` signs, `next` will, `past` did, `retired` must not any more. */
export type KeyStanding = 'current' | 'next' | 'past' | 'retired'

/** The key that signs now: of those that have begun the one that began last. Undefined when none may sign. */
export function currentKey<Key extends KeyTerm> (keys: readonly Key[], now: Date): Key | undefined {
  return keys.filter((key) => !key.retiredAt && beginsAt(key) <= now.getTime()).toSorted(byBegin).at(-1)
}

/** What a key's certificate is worth now, by what is known: that nothing is known of its revocation takes nothing away. */
export type KeyWorth = 'good' | 'revoked' | 'invalid'

/**
 * The current key, unless its certificate is known to be revoked: whoever looks refuses what it signs. Then, of the keys that are good, the one
 * that began last. Undefined when none may sign.
 */
export function signingKey<Key extends KeyTerm> (keys: readonly Key[], worthOf: (key: Key) => KeyWorth, now: Date): Key | undefined {
  const current = currentKey(keys, now)
  return current && worthOf(current) === 'revoked' ? currentKey(keys.filter((key) => worthOf(key) === 'good'), now) : current
}

/** What each key is now. */
export function standingOf<Key extends KeyTerm> (key: Key, keys: readonly Key[], now: Date): KeyStanding {
  if (key.retiredAt) return 'retired'
  if (beginsAt(key) > now.getTime()) return 'next'
  return key === currentKey(keys, now) ? 'current' : 'past'
}

function byBegin (one: KeyTerm, other: KeyTerm): number {
  return beginsAt(one) - beginsAt(other) || one.addedAt.getTime() - other.addedAt.getTime()
}

function beginsAt ({ activeFrom }: KeyTerm): number {
  return activeFrom?.getTime() ?? 0
}
