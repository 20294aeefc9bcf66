/** How large, deep and numerous a packet may be. A packet beyond a cap is refused; nothing is cut off. */
export type Limits = {
  /** All bytes of the packet. */
  packetBytes: number,
  /** What is left of the packet once the attachments' text is lifted out. */
  markupBytes: number,
  elements: number,
  depth: number,
  /** Attributes and namespace declarations of one element. */
  attributes: number,
  /** Namespace declarations in force at one element. */
  namespaces: number,
  recipients: number,
  attachments: number,
  /** All attachments together, after their zips are unwrapped. */
  unpackedBytes: number,
  /** How many times its packed size one attachment may grow, once it is larger than `unpackedRatioFrom`. */
  unpackedRatio: number,
  unpackedRatioFrom: number,
}

const MiB = 1024 * 1024

export const DEFAULT_LIMITS: Limits = {
  // Agencies set packets beyond 50 MB aside; the axis names no limit of its own.
  packetBytes: 50 * MiB,
  // 5,000 recipients with every field of an organ filled in are about 5 MB.
  markupBytes: 8 * MiB,
  // 5,000 recipients of nine elements each are 45,000.
  elements: 60_000,
  // The deepest path of edXML has ten elements; the rest is room for the signature's Object.
  depth: 32,
  // The .NET library writes four attributes and a few declarations on one element.
  attributes: 32,
  // edXML, xmldsig, SOAP, xlink, xsi and xsd, some of them declared anew further down. Inclusive C14N takes time
  // quadratic in this number for each element: 60,000 elements at this cap stay under a second.
  namespaces: 32,
  // All agencies of the country that have a code of level 1 to 3, in one document.
  recipients: 5_000,
  attachments: 500,
  // Base64 of 50 MiB is 37 MiB; office files and scans rarely shrink to less than a fifth.
  unpackedBytes: 200 * MiB,
  // Deflate reaches 1,032, and a blank scan comes close to it; office files of repeated rows reach about 100. What our own
  // writer zips must be readable, so the ratio counts only where it starts to cost memory.
  unpackedRatio: 200,
  unpackedRatioFrom: 32 * MiB,
}
