/** Finds the lines of elements in well-formed XML. Only made when something is wrong, so that nothing is kept for it while all is well. */

const TOKEN = /<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>|<\?[\s\S]*?\?>|<\/[^>]*>|<(?<name>[^ \t\r\n/>!?]+)(?:[^"'>]+|"[^"]*"|'[^']*')*>|\n/g

type Place = { name: string, /** Counted from 1 among siblings of this name. */ position: number, parent: Place | null, line: number }

/**
 * Gives the line of the first element whose path of local names ends like `MessageHeader.To[2].OrganId`, where `[2]` means the second
 * of that name; else of the next element above that is there.
 */
export type FindLine = (path: string) => number | undefined

/** Notes where every element of the bytes begins. */
export function createFindLine (bytes: Buffer): FindLine {
  const places = placesIn(bytes)
  return (path) => {
    const steps = path.split('.').map((step) => {
      const [, name, position] = /^([^[]*)(?:\[(\d+)\])?$/.exec(step) ?? [undefined, step]
      return { name: name as string, position: position === undefined ? null : Number(position) }
    })
    for (let length = steps.length; length > 0; length--) {
      const found = places.get(steps[length - 1]?.name as string)?.find((place) => endsLike(place, steps.slice(0, length)))
      if (found !== undefined) return found.line
    }
    return undefined
  }
}

/** Every element, in document order, by its local name. */
function placesIn (bytes: Buffer): Map<string, Place[]> {
  const places = new Map<string, Place[]>()
  const open: { place: Place, seen: Map<string, number> }[] = []
  let line = 1
  for (const match of bytes.toString('utf8').matchAll(TOKEN)) {
    const [token] = match
    const qualified = match.groups?.['name']
    if (qualified !== undefined) {
      const name = qualified.slice(qualified.indexOf(':') + 1)
      const parent = open.at(-1)
      const position = (parent?.seen.get(name) ?? 0) + 1
      parent?.seen.set(name, position)
      const place = { name, position, parent: parent?.place ?? null, line }
      const same = places.get(name)
      if (same === undefined) places.set(name, [place])
      else same.push(place)
      if (!token.endsWith('/>')) open.push({ place, seen: new Map() })
    } else if (token.startsWith('</')) open.pop()
    for (let at = token.indexOf('\n'); at !== -1; at = token.indexOf('\n', at + 1)) line++
  }
  return places
}

function endsLike (last: Place, steps: readonly { name: string, position: number | null }[]): boolean {
  let place: Place | null = last
  for (const { name, position } of steps.toReversed()) {
    if (place === null || place.name !== name || (position !== null && place.position !== position)) return false
    place = place.parent
  }
  return true
}
