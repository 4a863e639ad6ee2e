// The patterns of `url_allowlist` (spec 06 B.4): `*`, `?` and `[…]`, matched against the host of a URL alone. Pure.
import { isIPv6 } from 'node:net'
import { domainToASCII } from 'node:url'

/** Whether a host, as `URL.hostname` writes it, matches. */
export type HostPattern = (host: string) => boolean

/** Throws an error that names the pattern when it can't be read. */
export function parseHostPattern(written: string): HostPattern {
  const pattern = hostPartOf(written)
  if (pattern === '') throw new Error(`url_allowlist: '${written}' names no host; write one, such as *.example.com`)
  const address = pattern.replace(/^\[(.*)\]$/, '$1')
  if (isIPv6(address)) {
    const literal = new URL(`http://[${address}]`).hostname
    return (host) => host === literal
  }
  const expression = new RegExp(`^${globSource(asciiLabels(pattern.toLowerCase()), written)}$`)
  return (host) => expression.test(hostName(host))
}

/** Not just any host: something of a name or an address stands in it. */
export function namesHost(written: string): boolean {
  return /[\p{L}\p{N}]/u.test(hostPartOf(written))
}

/** Without the dot at the end that means the root of all names. */
export function hostName(host: string): string {
  return host.endsWith('.') ? host.slice(0, -1) : host
}

/** Of `https://api.example.com:8443/v1` that is `api.example.com`: scheme, port and path are not matched. */
function hostPartOf(written: string): string {
  const [, afterScheme = written] = written.split('://')
  if (afterScheme === written) return hostName(written)
  const authority = afterScheme.split(/[/\\#]/)[0]!
  const host = authority.slice(authority.lastIndexOf('@') + 1)
  return hostName(
    isIPv6(host.replace(/^\[(.*)\](:\d*)?$/, '$1')) ? host.replace(/:\d*$/, '') : host.replace(/:\d*$/, ''),
  )
}

/** Names that are not ASCII as they stand in URLs. */
function asciiLabels(pattern: string): string {
  return pattern
    .split('.')
    .map((label) => (/[^\0-\x7f]/.test(label) ? domainToASCII(label) || label : label))
    .join('.')
}

function globSource(pattern: string, written: string): string {
  let source = ''
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at]!
    if (character === '*') source += '.*'
    else if (character === '?') source += '.'
    else if (character === '[') {
      const end = pattern.indexOf(']', at + 2)
      if (end === -1) throw new Error(`url_allowlist: '${written}' has a '[' without its ']'; close it, or remove it`)
      source += characterClass(pattern.slice(at + 1, end), written)
      at = end
    } else source += character.replace(/[\\^$.|+(){}\]/]/g, '\\$&')
  }
  return source.replace(/(\.\*)+/g, '.*')
}

function characterClass(inner: string, written: string): string {
  const isNegated = inner.startsWith('!') || inner.startsWith('^')
  const members = (isNegated ? inner.slice(1) : inner).replace(/[\\\]^[]/g, '\\$&')
  const source = `[${isNegated ? '^' : ''}${members}]`
  if (!isExpression(source))
    throw new Error(`url_allowlist: '${written}' has a range that is the wrong way round; write [a-z], not [z-a]`)
  return source
}

function isExpression(source: string): boolean {
  try {
    return new RegExp(source).source !== ''
  } catch {
    return false
  }
}
