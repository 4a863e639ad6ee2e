// The URL of a Redis server: redis://[[user]:password@]host[:port][/database], or rediss:// for TLS.

export interface RedisTarget {
  readonly host: string
  readonly port: number
  readonly username: string | undefined
  readonly password: string | undefined
  readonly database: number
  readonly tls: boolean
  /** `host:port`, for messages. */
  readonly address: string
}

/** Throws an error that names the setting. The URL is not repeated in it, since it may hold a password. */
export function readRedisUrl(text: string, setting: string): RedisTarget {
  const fail = (problem: string): never => {
    throw new Error(`${setting} ${problem}. It must look like redis://user:password@host:6379/0, or rediss:// for TLS.`)
  }
  const url = URL.parse(text)
  if (url === null) return fail('is not a URL')
  if (url.protocol !== 'redis:' && url.protocol !== 'rediss:') {
    return fail(`begins with ${url.protocol}//, which is no protocol of Redis`)
  }
  if (url.hostname === '') return fail('names no host')
  const unknown = [...url.searchParams.keys()]
  if (unknown.length > 0) return fail(`has unknown parameters (${unknown.join(', ')})`)
  const database = url.pathname.replace(/^\//, '')
  if (!/^\d{0,5}$/.test(database)) return fail(`names the database "${database}", which is no number`)
  // Brackets belong to the URL, not to the IPv6 address.
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const port = url.port === '' ? 6379 : Number(url.port)
  return {
    host,
    port,
    username: decode(url.username, fail),
    password: decode(url.password, fail),
    database: Number(database),
    tls: url.protocol === 'rediss:',
    address: `${url.hostname}:${port}`,
  }
}

function decode(part: string, fail: (problem: string) => never): string | undefined {
  if (part === '') return undefined
  try {
    return decodeURIComponent(part)
  } catch {
    return fail('has a user name or password that is not percent-encoded correctly')
  }
}
