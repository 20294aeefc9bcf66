/** One PDF verified in a process of its own, as a shell would: `node pdf-child.ts FILE TRUST`; without a file it does nothing. Prints the result, and the peak of its memory in KiB. */
import { readFileSync } from 'node:fs'

const [path, trustFile] = process.argv.slice(2)
const result = path === undefined ? 'nothing' : await verify(path, trustFile!)
const peak = /VmHWM:\s*(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
process.stdout.write(JSON.stringify({ result, peakKiB: Number(peak) }))

async function verify (path: string, trustFile: string): Promise<string> {
  const [{ examinePdf }, { judgePdf }, { fileSource }, { trustFrom }] = await Promise.all([
    import('../../src/pdf/examine.ts'), import('../../src/pdf/judge.ts'), import('../../src/pdf/source.ts'), import('./pdf-trust.ts'),
  ])
  using source = fileSource(path)
  return judgePdf(examinePdf(source), { trust: trustFrom(JSON.parse(readFileSync(trustFile, 'utf8'))), at: new Date() }).result
}
