// How many connections each client address has. An IPv6 address counts for its /64: whoever is given one of these networks, and that is
// what a home or a rented machine gets, has all of its addresses.
import { isIPv6 } from 'node:net'

export class AddressCounts {
  readonly #counts = new Map<string, number>()

  of(address: string | undefined): number {
    return this.#counts.get(networkOf(address)) ?? 0
  }

  add(address: string | undefined): void {
    const network = networkOf(address)
    this.#counts.set(network, (this.#counts.get(network) ?? 0) + 1)
  }

  remove(address: string | undefined): void {
    const network = networkOf(address)
    const left = (this.#counts.get(network) ?? 0) - 1
    if (left > 0) this.#counts.set(network, left)
    else this.#counts.delete(network)
  }
}

/** A fleet comes from one address, or from few. */
let last = { address: '', network: '' }

/** Of an address as Node writes it: IPv4 also as part of IPv6, IPv6 in its short form, with or without a zone. */
export function networkOf(address = ''): string {
  if (address !== last.address) last = { address, network: networkIn(address) }
  return last.network
}

function networkIn(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*/, '')
  if (!isIPv6(plain)) return plain
  const [head = '', tail] = plain.split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length
  const groups = [...before, ...Array<string>(zeros).fill('0'), ...after]
  return `${groups.slice(0, 4).join(':')}::/64`
}
