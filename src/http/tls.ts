/**
 * TLS towards servers: whom we believe, and as whom we come. A request is only written once both sides have taken each other's certificate,
 * so that a refused one is never in doubt.
 */
import type { Socket } from 'node:net'
import { TLSSocket, checkServerIdentity, type ConnectionOptions, type PeerCertificate } from 'node:tls'
import { buildConnector } from 'undici'

/** The roots of the operating system and of Node count for nothing. */
export type TlsOptions = {
  /** The CAs that a server's chain may end at, PEM */
  authorities: readonly string[]
  /** Judges the server's certificates (DER, its own first), beyond OpenSSL's check; gives what stands against them, or null */
  judgeServer: (chain: readonly Buffer[]) => string | null
  /** The certificate that we show, and its key */
  identity?: { certificatePem: string, keyPem: string }
}

/**
 * Under TLS 1.3 a client is done before the server has looked at its certificate. A server that has taken it sends a session ticket; one that
 * sends none is given this long to object, in milliseconds.
 */
const OBJECTION_WITHIN = 500

/** Makes connections that stand for a judged server, and for us being accepted there. */
export function tlsConnector ({ authorities, judgeServer, identity }: TlsOptions, options: buildConnector.BuildOptions): buildConnector.connector {
  const tls: ConnectionOptions = {
    ca: [...authorities],
    // OpenSSL may end at any of them: that the chain goes on to a root is judged by us
    allowPartialTrustChain: true,
    minVersion: 'TLSv1.2',
    ...(identity && { cert: identity.certificatePem, key: identity.keyPem }),
    checkServerIdentity (host, certificate) {
      const wrong = checkServerIdentity(host, certificate)
      if (wrong !== undefined) return wrong
      const reason = judgeServer(chainOf(certificate))
      return reason === null ? undefined : new Error(reason)
    },
  }
  // A session taken up again would pass without its server's certificate being judged
  const connect = buildConnector({ ...options, ...tls, maxCachedSessions: 0 } as buildConnector.BuildOptions)
  return (target, callback) => connect(target, (...[error, socket]) => {
    if (error !== null) callback(error, null)
    else if (!(socket instanceof TLSSocket) || socket.getProtocol() !== 'TLSv1.3') callback(null, socket)
    else untilAccepted(socket, (refused) => refused === null ? callback(null, socket) : callback(refused, null))
  })
}

function untilAccepted (socket: Socket, settle: (refused: Error | null) => void): void {
  const done = (refused: Error | null) => {
    clearTimeout(timer)
    clearImmediate(accepted)
    socket.off('session', accept).off('error', done).off('close', close)
    settle(refused)
  }
  let accepted: NodeJS.Immediate | undefined
  // What is written while OpenSSL is still reading the ticket gets stuck
  const accept = () => { accepted = setImmediate(done, null) }
  const close = () => done(new Error('the server closed the connection once it had seen our certificate, or that there is none'))
  const timer = setTimeout(done, OBJECTION_WITHIN, null)
  socket.once('session', accept).once('error', done).once('close', close)
}

/** The server's certificate and those above it, as OpenSSL put them in order; a root is its own issuer. */
function chainOf (certificate: PeerCertificate): Buffer[] {
  const chain: Buffer[] = []
  let next: (PeerCertificate & { issuerCertificate?: PeerCertificate }) | undefined = certificate
  while (next?.raw !== undefined && !chain.some((link) => link.equals(next!.raw))) {
    chain.push(next.raw)
    next = next.issuerCertificate
  }
  return chain
}
