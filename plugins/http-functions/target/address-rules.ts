// Which addresses no request may go to while `block_private_ips` is on (spec 06 B.4): those that are not of the public internet, and those that
// lead to one of them by an IPv4 address within an IPv6 one. Pure.
import { BlockList, isIPv4, isIPv6 } from 'node:net'

const PRIVATE_V4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
]

const PRIVATE_V6 = [
  '::/128',
  '::1/128',
  // A translator of the operator's own network.
  '64:ff9b:1::/48',
  '100::/64',
  // Teredo holds its IPv4 address in disguise, and is not used any more.
  '2001::/32',
  '2001:10::/28',
  '2001:db8::/32',
  '3fff::/20',
  'fc00::/7',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
]

const BLOCKED = new BlockList()
for (const range of PRIVATE_V4) addRange(range, 'ipv4')
for (const range of PRIVATE_V6) addRange(range, 'ipv6')

function addRange(range: string, family: 'ipv4' | 'ipv6'): void {
  const [net, prefix] = range.split('/') as [string, string]
  BLOCKED.addSubnet(net, Number(prefix), family)
}

/** @param address as the resolver gives it; what is no address counts as private. */
export function isPrivateAddress(address: string): boolean {
  const [plain = ''] = address.split('%')
  if (isIPv4(plain)) return BLOCKED.check(plain, 'ipv4')
  if (!isIPv6(plain)) return true
  return BLOCKED.check(plain, 'ipv6') || embeddedIn(groupsOf(plain)).some((inner) => BLOCKED.check(inner, 'ipv4'))
}

/** The IPv4 addresses that such an address leads to. */
function embeddedIn(groups: readonly number[]): string[] {
  const [first, second, third, fourth, fifth, sixth] = groups as [number, number, number, number, number, number]
  const found: string[] = []
  const startsWithZeros = first === 0 && second === 0 && third === 0 && fourth === 0
  // ::a.b.c.d, ::ffff:a.b.c.d, ::ffff:0:a.b.c.d
  const isMapped = fifth === 0 && (sixth === 0 || sixth === 0xffff)
  if (startsWithZeros && (isMapped || (fifth === 0xffff && sixth === 0))) found.push(dotted(groups, 6))
  // NAT64, 64:ff9b::a.b.c.d
  if (first === 0x64 && second === 0xff9b) found.push(dotted(groups, 6))
  // 6to4, 2002:aabb:ccdd::
  if (first === 0x2002) found.push(dotted(groups, 1))
  // ISATAP, ::[02]00:5efe:a.b.c.d below any prefix
  if ((fifth & 0xfdff) === 0 && sixth === 0x5efe) found.push(dotted(groups, 6))
  return found
}

function dotted(groups: readonly number[], at: number): string {
  const [high, low] = [groups[at]!, groups[at + 1]!]
  return `${high >> 8}.${high & 0xff}.${low >> 8}.${low & 0xff}`
}

function groupsOf(address: string): number[] {
  // The parser of URLs writes an IPv4 tail as groups, too.
  const written = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const [head = '', tail] = written.split('::')
  const before = partsOf(head)
  if (tail === undefined) return before
  const after = partsOf(tail)
  return [...before, ...Array.from({ length: 8 - before.length - after.length }, () => 0), ...after]
}

function partsOf(text: string): number[] {
  return text === '' ? [] : text.split(':').map((part) => Number.parseInt(part, 16))
}
