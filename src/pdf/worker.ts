/** What the threads of workers.ts do: each exported function is a task. What comes back owns its bytes, since a view would take the whole file along. */
import type { PdfExamination } from './examination.ts'
import { examinePdf } from './examine.ts'
import { prepareSignature as prepare } from './sign/prepare.ts'
import type { PreparedSignature, PreparedUpdate, PrepareRequest, ValidationRequest } from './sign/request.ts'
import { prepareValidationData as prepareData } from './sign/validation-data.ts'
import { bytesSource, fileSource, joinedSource, type PdfInput, type PdfSource } from './source.ts'

/** examinePdf. */
export function examine ({ input }: { input: PdfInput }): PdfExamination {
  return reading(input, examinePdf)
}

/** prepareSignature of sign/prepare.ts. */
export function prepareSignature ({ input, request }: { input: PdfInput, request: PrepareRequest }): PreparedSignature {
  return reading(input, (source) => prepare(source, request))
}

/** prepareValidationData of sign/validation-data.ts, for the file with what was signed behind it. */
export function prepareValidationData ({ input, signed, request }: { input: PdfInput, signed: Uint8Array, request: ValidationRequest }): PreparedUpdate {
  return reading(input, (source) => prepareData(joinedSource(source, signed), request))
}

function reading<Result> (input: PdfInput, work: (source: PdfSource) => Result): Result {
  if ('bytes' in input) {
    try {
      return work(bytesSource(input.bytes))
    } finally {
      // Given back at once: garbage collection knows nothing of how large they are
      (input.bytes.buffer as ArrayBuffer).transfer(0)
    }
  }
  using source = fileSource(input.path)
  return work(source)
}
