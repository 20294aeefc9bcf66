/** The kinds of signature that are read, by their SubFilter (ISO 32000-2, 12.8.3 and 12.8.5; EN 319 142-1, 6.3): two that sign a file, and the time-stamp over a whole document. */
export const SUB_FILTER = { pades: 'ETSI.CAdES.detached', cms: 'adbe.pkcs7.detached', timeStamp: 'ETSI.RFC3161' } as const
