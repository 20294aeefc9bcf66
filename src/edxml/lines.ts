/** Finds the line of an element in well-formed XML. Only ever asked when something is wrong, so that nothing is kept for it while all is well. */

const TOKEN = /<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>|<\?[\s\S]*?\?>|<\/[^>]*>|<(?<name>[^ \t\r\n/>!?]+)(?:[^"'>]+|"[^"]*"|'[^']*')*>|\n/g

/**
 * Line of the first element whose path of local names ends like `MessageHeader.To[2].OrganId`, where `[2]` means the second of that name;
 * else of the next element above that is there.
 */
export function lineOfElement (bytes: Buffer, path: string): number | undefined {
  const steps = path.split('.')
  const lines = linesOf(bytes, steps)
  for (let length = steps.length; length > 0; length--) {
    const line = lines.get(length)
    if (line !== undefined) return line
  }
  return undefined
}

/** For each number of steps, the line of the first element that they lead to. */
function linesOf (bytes: Buffer, steps: readonly string[]): Map<number, number> {
  const found = new Map<number, number>()
  const open: { path: string[], seen: Map<string, number> }[] = [{ path: [], seen: new Map() }]
  let line = 1
  for (const match of bytes.toString('latin1').matchAll(TOKEN)) {
    const [token] = match
    const name = match.groups?.['name']
    if (name !== undefined) {
      const parent = open.at(-1) ?? { path: [], seen: new Map<string, number>() }
      const local = Buffer.from(name.slice(name.indexOf(':') + 1), 'latin1').toString()
      const position = (parent.seen.get(local) ?? 0) + 1
      parent.seen.set(local, position)
      const path = [...parent.path, `${local}[${position}]`]
      for (let length = 1; length <= steps.length; length++) {
        if (!found.has(length) && endsLike(path, steps.slice(0, length))) found.set(length, line)
      }
      if (!token.endsWith('/>')) open.push({ path, seen: new Map() })
    } else if (token.startsWith('</')) open.pop()
    for (let at = token.indexOf('\n'); at !== -1; at = token.indexOf('\n', at + 1)) line++
  }
  return found
}

function endsLike (path: readonly string[], steps: readonly string[]): boolean {
  if (path.length < steps.length) return false
  return steps.every((step, index) => {
    const there = path[path.length - steps.length + index] as string
    return there === step || there.startsWith(`${step}[`)
  })
}
