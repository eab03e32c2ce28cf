import { type LookupAddress, lookup } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import type { buildConnector } from 'undici'
import { undici } from './undici.ts'

/** What IANA's special-purpose registries (RFC 6890) do not list as globally reachable, and multicast. */
const PRIVATE: [net: string, prefix: number][] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
]
/** Prefixes that hold an IPv4 address which the network goes on to are private as a whole: nobody's API is named so. */
const PRIVATE_6: [net: string, prefix: number][] = [
  ['::', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
  ['5f00::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
]

const blocked = new BlockList()
for (const [net, prefix] of PRIVATE) {
  blocked.addSubnet(net, prefix, 'ipv4')
  // The same address, mapped into IPv6 (RFC 4291, section 2.5.5.2).
  blocked.addSubnet(`::ffff:${net}`, 96 + prefix, 'ipv6')
}
for (const [net, prefix] of PRIVATE_6) blocked.addSubnet(net, prefix, 'ipv6')

/** Whether an address is of this machine, of a private network, or of no host at all. `ip`: no brackets, no port. */
export function isPrivateAddress(ip: string): boolean {
  const plain = ip.replace(/%.*$/, '')
  const family = isIP(plain)
  return family === 0 || blocked.check(plain, family === 4 ? 'ipv4' : 'ipv6')
}

/** A connection that was refused before it was made. `code` is `EPRIVATE`. */
class PrivateAddressError extends Error {
  override name = 'PrivateAddressError'
  readonly code = 'EPRIVATE'
  constructor(host: string) {
    super(`${host} is a private address, or its name leads to one`)
  }
}

/** dns.lookup that fails with PrivateAddressError when any answer is private: which one is used is not ours to say. */
export const publicLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
    if (error) return callback(error, '', 0)
    if (addresses.length === 0 || addresses.some(({ address }) => isPrivateAddress(address)))
      return callback(new PrivateAddressError(hostname), '', 0)
    if (options.all) return callback(null, addresses)
    const [{ address, family }] = addresses as [LookupAddress]
    callback(null, address, family)
  })
}

/**
 * For undici's `connect`: public addresses only. It is the address connected to that is judged, so a name that is
 * resolved anew for each connection (DNS rebinding) gains nothing, and so are addresses in the URL, which no lookup sees.
 */
export function createPublicConnector(options: buildConnector.BuildOptions = {}): buildConnector.connector {
  const connect = undici().buildConnector({ ...options, lookup: publicLookup })
  return (target, callback) => {
    const host = target.hostname.replace(/^\[|\]$/g, '')
    if (isIP(host) && isPrivateAddress(host)) return callback(new PrivateAddressError(host), null)
    connect(target, callback)
  }
}
