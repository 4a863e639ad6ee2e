// Whether two spellings of a host to listen on lead to one address. Asks nobody: what a name leads to is known for `localhost` alone.

/** `localhost` is an IPv4 address on one machine and an IPv6 address on the next: it counts as both. */
const LOCALHOST: ReadonlySet<string> = new Set(['127.0.0.1', '[::1]'])
const ANY: ReadonlySet<string> = new Set(['0.0.0.0', '[::]'])

/** Whether one port can't be listened on for both of them. */
export function hostsOverlap(host: string, other: string): boolean {
  const [a, b] = [canonical(host), canonical(other)]
  return a === b || ANY.has(a) || ANY.has(b) || isLocalhost(a, b) || isLocalhost(b, a)
}

function isLocalhost(name: string, address: string): boolean {
  return name === 'localhost' && LOCALHOST.has(address)
}

/** As browsers spell it: `LOCALHOST`, `127.1`, `0:0::1` and `::ffff:127.0.0.1` are other spellings. */
function canonical(host: string): string {
  const url = `http://${host.includes(':') ? `[${host}]` : host}/`
  if (!URL.canParse(url)) return host.toLowerCase()
  const { hostname } = new URL(url)
  const mapped = /^\[::ffff:([\da-f]+):([\da-f]+)\]$/.exec(hostname)
  if (mapped === null) return hostname
  return mapped
    .slice(1)
    .flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 0xff])
    .join('.')
}
