/** Which network addresses are out in the world: a name that a stranger chose must lead to no other (server-side request forgery). */
import { BlockList, isIP } from 'node:net'

/** Special-purpose blocks of IANA's registries: this host, private, shared, link-local, loopback, test, multicast, reserved, and IPv6 that wraps IPv4. */
const BLOCKS_IPV4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8], ['10.0.0.0', 8], ['100.64.0.0', 10], ['127.0.0.0', 8], ['169.254.0.0', 16], ['172.16.0.0', 12], ['192.0.0.0', 24], ['192.0.2.0', 24],
  ['192.88.99.0', 24], ['192.168.0.0', 16], ['198.18.0.0', 15], ['198.51.100.0', 24], ['203.0.113.0', 24], ['224.0.0.0', 4], ['240.0.0.0', 4],
]
/** Only 2000::/3 is given out for the world; what lies in it and is not: Teredo and its neighbours, documentation, 6to4. */
const BLOCKS_IPV6: readonly (readonly [string, number])[] = [['2001::', 23], ['2001:db8::', 32], ['2002::', 16], ['3fff::', 20]]

const special = new BlockList()
for (const [net, prefix] of BLOCKS_IPV4) special.addSubnet(net, prefix, 'ipv4')
for (const [net, prefix] of BLOCKS_IPV6) special.addSubnet(net, prefix, 'ipv6')
const global = new BlockList()
global.addSubnet('2000::', 3, 'ipv6')

/** Whether this is an address (not a name) on the public network. IPv4 inside IPv6 is never taken for one. */
export function isPublicAddress (address: string): boolean {
  switch (isIP(address)) {
    case 4: return !special.check(address, 'ipv4')
    case 6: return global.check(address, 'ipv6') && !special.check(address, 'ipv6')
    default: return false
  }
}
