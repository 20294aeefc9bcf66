/** What the names of attachments tell, and how they become safe. */

// What no file system or shell should see: control characters, those that turn the reading direction, and the reserved ones of Windows.
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069<>:"|?*]/g
const WINDOWS_DEVICE = /^(con|prn|aux|nul|com\d|lpt\d)(?=\.|$)/i
// The longest name that ext4, NTFS and XFS all take, less some room for a number that tells equal names apart.
const MOST_BYTES = 240

/** The name without its path and all that could harm; the same again for a name that is safe. Empty when nothing is left. */
export function fileName (name: string): string {
  const parts = name.split(/[/\\]/).map((part) => ends(part).toWellFormed().replace(UNSAFE, '').trim())
  const last = parts.findLast((part) => !/^\.*$/.test(part)) ?? ''
  return shorten(last.replace(/^[.\s]+|[.\s]+$/g, '').replace(WINDOWS_DEVICE, '_$1'))
}

/** What stands after the last dot, in lower case. */
export function extensionOf (name: string): string {
  return /\.([^.\\/]*)$/.exec(name)?.[1]?.toLowerCase() ?? ''
}

/** Media type of the file itself, by its name: what packets say about it is often wrong (axis.md 1.8). */
export function mediaTypeOf (name: string): string {
  return MEDIA_TYPES.get(extensionOf(name)) ?? 'application/octet-stream'
}

/** Whether files with this extension are zips by themselves. */
export function isZipFormat (extension: string): boolean {
  return ZIP_FORMATS.has(extension)
}

/** Whether it is known how files with this extension begin. */
export function hasMagic (extension: string): boolean {
  return Object.hasOwn(MAGIC, extension)
}

/** Whether the bytes begin as files with this extension do; false too where nothing is known about them. */
export function fitsMagic (extension: string, bytes: Buffer): boolean {
  return hasMagic(extension) && (MAGIC[extension] as Buffer[]).some((magic) => bytes.subarray(0, magic.length).equals(magic))
}

const MEDIA_TYPES = new Map(Object.entries({
  pdf: 'application/pdf',
  doc: 'application/msword',
  docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  xls: 'application/vnd.ms-excel',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  ppt: 'application/vnd.ms-powerpoint',
  pptx: 'application/vnd.openxmlformats-officedocument.presentationml.presentation',
  odt: 'application/vnd.oasis.opendocument.text',
  ods: 'application/vnd.oasis.opendocument.spreadsheet',
  rtf: 'application/rtf',
  txt: 'text/plain',
  csv: 'text/csv',
  xml: 'application/xml',
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  tif: 'image/tiff',
  tiff: 'image/tiff',
  zip: 'application/zip',
  rar: 'application/vnd.rar',
  '7z': 'application/x-7z-compressed',
  p7m: 'application/pkcs7-mime',
}))

const ZIP_FORMATS = new Set(['zip', 'docx', 'docm', 'dotx', 'xlsx', 'xlsm', 'xltx', 'pptx', 'pptm', 'odt', 'ods', 'odp', 'odg', 'epub', 'jar', 'apk', 'kmz', 'asice', 'asics', 'vsdx'])

const OLE = Buffer.from('d0cf11e0a1b11ae1', 'hex')
const MAGIC: Record<string, Buffer[]> = {
  pdf: [Buffer.from('%PDF-')],
  doc: [OLE, Buffer.from('{\\rtf')],
  xls: [OLE],
  ppt: [OLE],
  rtf: [Buffer.from('{\\rtf')],
  png: [Buffer.from('89504e47', 'hex')],
  jpg: [Buffer.from('ffd8ff', 'hex')],
  jpeg: [Buffer.from('ffd8ff', 'hex')],
  tif: [Buffer.from('49492a00', 'hex'), Buffer.from('4d4d002a', 'hex')],
  tiff: [Buffer.from('49492a00', 'hex'), Buffer.from('4d4d002a', 'hex')],
  rar: [Buffer.from('Rar!')],
  '7z': [Buffer.from('377abcaf271c', 'hex')],
}

/** Beginning and end of what is far too long, so that nothing below takes long either. */
function ends (name: string): string {
  return name.length > 4 * MOST_BYTES ? name.slice(0, 2 * MOST_BYTES) + name.slice(-2 * MOST_BYTES) : name
}

function shorten (name: string): string {
  if (Buffer.byteLength(name) <= MOST_BYTES) return name
  const extension = /\.[^.]{1,16}$/.exec(name)?.[0] ?? ''
  // The cut may go through a character; what is left of it is the replacement character.
  const stem = Buffer.from(name).subarray(0, MOST_BYTES - Buffer.byteLength(extension)).toString('utf8')
  return stem.replace(/[\ufffd.\s]+$/, '') + extension
}
