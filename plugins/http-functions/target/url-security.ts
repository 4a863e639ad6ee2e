// Where requests may go (spec 06 B.4). The same rules hold at registration, before every request, and for every address that a connection
// is opened to: the address that was checked is the one that is used.
import { lookup as systemLookup, type LookupOptions } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { CodedError } from '../../../protocol/errors.ts'
import { isPrivateAddress } from './address-rules.ts'
import { hostName, type HostPattern } from './host-pattern.ts'

export interface UrlSecurityOptions {
  /** Empty = any host. */
  readonly allowList: readonly HostPattern[]
  readonly blockPrivateIps: boolean
  readonly requireHttps: boolean
}

/** As `dns.lookup` with `all`. */
export type Resolver = (host: string) => Promise<readonly ResolvedAddress[]>

export interface ResolvedAddress {
  readonly address: string
  readonly family: number
}

/** Error code of everything that these rules refuse. */
export const URL_REFUSED = 'url_validation_failed'

export class UrlSecurity {
  readonly #options: UrlSecurityOptions
  readonly #resolve: Resolver

  constructor(options: UrlSecurityOptions, resolve: Resolver = resolveHost) {
    this.#options = options
    this.#resolve = resolve
  }

  /** Scheme, host, and an address that stands in the URL. Throws CodedError `url_validation_failed`. */
  check(url: URL): void {
    const { requireHttps, allowList, blockPrivateIps } = this.#options
    const shown = `${url.protocol}//${url.host}`
    if (requireHttps && url.protocol !== 'https:')
      throw refused(`HTTPS is required, and this is ${shown}: use https, or set security.require_https to false`)
    if (allowList.length > 0 && !allowList.some((matches) => matches(url.hostname)))
      throw refused(`URL not in allowlist: no pattern of security.url_allowlist matches the host '${url.hostname}'`)
    const address = addressIn(url)
    if (blockPrivateIps && address !== undefined && isPrivateAddress(address)) throw privateAddress(url.hostname)
  }

  /** Like `check`, and for a name also what it leads to. */
  async checkResolved(url: URL): Promise<void> {
    this.check(url)
    if (this.#options.blockPrivateIps && addressIn(url) === undefined) await this.#publicAddresses(url.hostname)
  }

  /** For connections: gives them addresses that pass, and no others. */
  readonly lookup: LookupFunction = (host, options, done) => void this.#lookUp(host, options, done)

  async #lookUp(host: string, { all, family }: LookupOptions, done: Parameters<LookupFunction>[2]): Promise<void> {
    let found: readonly ResolvedAddress[]
    try {
      found = await this.#addresses(host)
    } catch (error) {
      return done(error as Error, '', 0)
    }
    const fitting = found.filter((each) => !isFamily(family) || each.family === Number(String(family).slice(-1)))
    const [first] = fitting
    if (first === undefined) done(new DnsError(host, new Error('it has no address')), '', 0)
    else if (all === true) done(null, [...fitting])
    else done(null, first.address, first.family)
  }

  #addresses(host: string): Promise<readonly ResolvedAddress[]> {
    return this.#options.blockPrivateIps ? this.#publicAddresses(host) : this.#resolved(host)
  }

  async #publicAddresses(host: string): Promise<readonly ResolvedAddress[]> {
    const found = await this.#resolved(host)
    if (found.some(({ address }) => isPrivateAddress(address))) throw privateAddress(host)
    return found
  }

  async #resolved(host: string): Promise<readonly ResolvedAddress[]> {
    try {
      return await this.#resolve(host)
    } catch (cause) {
      throw new DnsError(host, cause as NodeJS.ErrnoException)
    }
  }
}

/** A name that leads nowhere: refused at registration, and for a call a request that could not be made. */
export class DnsError extends CodedError {
  constructor(host: string, cause: NodeJS.ErrnoException) {
    super(URL_REFUSED, `DNS lookup failed: ${cause.code ?? cause.message} for '${host}'`, { cause })
  }
}

/** Of a URL whose host is no name; undefined = it is a name. */
function addressIn({ hostname }: URL): string | undefined {
  const plain = hostName(hostname).replace(/^\[(.*)\]$/, '$1')
  return isIP(plain) === 0 ? undefined : plain
}

function isFamily(family: unknown): boolean {
  return family !== undefined && family !== 0
}

function privateAddress(host: string): CodedError {
  return refused(
    `Private IP blocked: '${host}' is, or leads to, an address that is not of the public internet; where that is meant, set security.block_private_ips to false`,
  )
}

function refused(message: string): CodedError {
  return new CodedError(URL_REFUSED, message)
}

function resolveHost(host: string): Promise<readonly ResolvedAddress[]> {
  return new Promise((resolve, reject) => {
    systemLookup(host, { all: true }, (error, found) => (error === null ? resolve(found) : reject(error)))
  })
}
