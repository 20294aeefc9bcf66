/** Which of an agency's keys signs at a moment, and which comes next. */

/** `activeFrom` null: from the beginning. A retired key never signs again. */
export type KeyTerm = { activeFrom: Date | null, addedAt: Date, retiredAt: Date | null }

/** `current` signs, `next` will, `past` did, `retired` must not any more. */
export type KeyStanding = 'current' | 'next' | 'past' | 'retired'

/** The key that signs now: of those that have begun the one that began last. Undefined when none may sign. */
export function currentKey<Key extends KeyTerm> (keys: readonly Key[], now: Date): Key | undefined {
  return keys.filter((key) => !key.retiredAt && beginsAt(key) <= now.getTime()).toSorted(byBegin).at(-1)
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
