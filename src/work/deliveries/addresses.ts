import { lookup as dnsLookup, type LookupAddress } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { CodedError } from '../../domain/errors.ts'

/** A name leads to an address that the service does not send to. */
export class AddressRefused extends Error {}

/** Finds all addresses of a name; `dns.lookup` unless a test wants another. */
export type Resolve = (name: string, done: (error: Error | null, addresses: LookupAddress[]) => void) => void

/** Keeps webhooks from reaching what is not public: this machine, its networks, and the metadata service of a cloud. */
export interface Addresses {
  /** Judges a URL by what it says, before a name is looked up. @throws CodedError address-refused */
  check(url: string): URL
  /** Judges what a name leads to, at every connect: what it led to before does not matter. Undefined: all is allowed. */
  lookup(url: URL): LookupFunction | undefined
}

// IANA's registries of special-purpose addresses (RFC 6890 and its updates), and multicast.
const CLOSED_IPV4: [string, number][] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.31.196.0', 24],
  ['192.52.193.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['192.175.48.0', 24],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
]
// Only this is given out for the public; mapped, translated, local and multicast addresses lie outside of it.
const PUBLIC_IPV6: [string, number] = ['2000::', 3]
const CLOSED_IPV6: [string, number][] = [
  // Teredo, benchmarks, ORCHID and others of the IETF.
  ['2001::', 23],
  ['2001:db8::', 32],
  // 6to4 wraps an IPv4 address.
  ['2002::', 16],
  ['2620:4f:8000::', 48],
  ['3fff::', 20],
]

const listOf = (networks: [string, number][], family: 'ipv4' | 'ipv6') => {
  const list = new BlockList()
  for (const [network, prefix] of networks) list.addSubnet(network, prefix, family)
  return list
}
const closed4 = listOf(CLOSED_IPV4, 'ipv4')
const closed6 = listOf(CLOSED_IPV6, 'ipv6')
const public6 = listOf([PUBLIC_IPV6], 'ipv6')

/** Whether an IP address is one of the public internet. */
export function isPublic(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !closed4.check(address, 'ipv4')
    case 6:
      // A zone (fe80::1%eth0) belongs to link-local addresses only, and the lists do not know it.
      return !address.includes('%') && public6.check(address, 'ipv6') && !closed6.check(address, 'ipv6')
    default:
      return false
  }
}

/** Names that lead nowhere public, whatever the resolver says (RFC 6761, RFC 6762, RFC 8375, RFC 9476 and habit). */
const CLOSED_NAMES = /(^|\.)(localhost|local|internal|intranet|lan|home\.arpa|test|invalid|onion|alt)$|^[^.]+$/

/**
 * @param hosts `host` or `host:port` of receivers that the operator vouches for: plain HTTP and private ones too
 */
export function createAddresses(hosts: string[], resolve: Resolve = all): Addresses {
  const vouched = new Set(hosts.map((host) => host.toLowerCase()))
  const isVouched = ({ hostname, port, protocol }: URL) =>
    vouched.has(hostname) || vouched.has(`${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`)

  return {
    check(text) {
      const url = URL.canParse(text) ? new URL(text) : undefined
      if (!url || !['https:', 'http:'].includes(url.protocol)) throw refused('must be an https URL')
      if (url.username || url.password) throw refused('must not hold credentials')
      if (isVouched(url)) return url
      if (url.protocol !== 'https:') throw refused('must be an https URL')
      // The URL parser has made one form of every way to write an address: 0x7f.1 and 2130706433 are 127.0.0.1 here.
      const host = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
      if (isIP(host) ? !isPublic(host) : CLOSED_NAMES.test(host)) throw refused('must be on a public host')
      return url
    },
    lookup(url) {
      if (isVouched(url)) return undefined
      return (name, options, callback) =>
        resolve(name, (error, addresses) => {
          if (error) return callback(error, [])
          // One that is not public spoils them all: it is there to be tried second.
          const [first] = addresses
          if (!first || !addresses.every(({ address }) => isPublic(address))) {
            return callback(new AddressRefused('refused'), [])
          }
          if (options.all) return callback(null, addresses)
          callback(null, first.address, first.family)
        })
    },
  }
}

const all: Resolve = (name, done) => dnsLookup(name, { all: true }, done)

const refused = (message: string) =>
  new CodedError('address-refused', undefined, [{ pointer: '/body/target', code: 'address', message }])
