/** One PDF verified in a process of its own (pdf-process.ts): prints the result, and the peak of its memory in KiB. Without a file it does nothing. */
import { readFileSync } from 'node:fs'

const [path, trust] = process.argv.slice(2)
const result = path === undefined ? 'nothing' : await verify(path, trust!)
const peak = /VmHWM:\s*(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
process.stdout.write(JSON.stringify({ result, peakKiB: Number(peak) }))

async function verify (path: string, trust: string): Promise<string> {
  const [{ examinePdf }, { judgePdf }, { fileSource }, { readTrust }] = await Promise.all([
    import('../../src/pdf/examine.ts'), import('../../src/pdf/judge.ts'), import('../../src/pdf/source.ts'), import('./pdf-process.ts'),
  ])
  using source = fileSource(path)
  return judgePdf(examinePdf(source), { trust: readTrust(trust), at: new Date() }).result
}
