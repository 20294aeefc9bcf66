/** What the threads of workers.ts do: each exported function is a task. What comes back owns its bytes, since a view would take the whole file along. */
import type { PdfExamination } from './examination.ts'
import { examinePdf } from './examine.ts'
import { prepareSignature as prepare } from './sign/prepare.ts'
import type { PreparedSignature, PreparedUpdate, PrepareRequest, ValidationRequest } from './sign/request.ts'
import { prepareValidationData as prepareData } from './sign/validation-data.ts'
import { bytesSource, fileSource, joinedSource, type PdfInput, type PdfSource } from './source.ts'

/** `begun` becomes 1 when the task is taken up. */
type Task = { input: PdfInput, begun: Int32Array }

/** examinePdf. */
export function examine (task: Task): PdfExamination {
  return reading(task, examinePdf)
}

/** prepareSignature of sign/prepare.ts. */
export function prepareSignature ({ request, ...task }: Task & { request: PrepareRequest }): PreparedSignature {
  return reading(task, (source) => prepare(source, request))
}

/** prepareValidationData of sign/validation-data.ts, for the file with what was signed behind it. */
export function prepareValidationData ({ signed, request, ...task }: Task & { signed: Uint8Array, request: ValidationRequest }): PreparedUpdate {
  return reading(task, (source) => prepareData(joinedSource(source, signed), request))
}

function reading<Result> ({ input, begun }: Task, work: (source: PdfSource) => Result): Result {
  Atomics.store(begun, 0, 1)
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
