// The CORS headers of answers (spec 06 A.9). Pure. They tell browsers which pages may read an answer; the request itself is served all the
// same.
import type { Answer, HeaderList } from './answer.ts'

export interface CorsConfig {
  /** Empty, or with `*` among them: any. */
  readonly allowed_origins?: readonly string[] | null
  /** Empty: any. */
  readonly allowed_methods?: readonly string[] | null
}

export class Cors {
  readonly #origins: ReadonlySet<string> | undefined
  /** Of every answer, but for the origin where that depends on the request. */
  readonly #headers: HeaderList
  readonly #preflight: HeaderList

  /** @param config absent = any page may read everything. */
  constructor(config?: CorsConfig | null) {
    const origins = config?.allowed_origins ?? []
    const methods = config?.allowed_methods ?? []
    this.#origins = origins.length === 0 || origins.includes('*') ? undefined : new Set(origins)
    this.#headers = [VARY]
    if (this.#origins === undefined) this.#headers.push(ANY_ORIGIN)
    if (config === undefined || config === null) this.#headers.push(EXPOSE_ANY)
    this.#preflight = [
      ['access-control-allow-methods', methods.length === 0 ? '*' : methods.join(',')],
      ['access-control-allow-headers', '*'],
    ]
  }

  /** Of every answer, errors included. Not to be changed. @param origin the header of the request. */
  headersFor(origin: string | undefined): HeaderList {
    if (this.#origins === undefined || origin === undefined || !this.#origins.has(origin)) return this.#headers
    return [...this.#headers, ['access-control-allow-origin', origin]]
  }

  /** The answer to an OPTIONS request that no route is for. */
  preflightFor(origin: string | undefined): Answer {
    return { status: 200, headers: [...this.headersFor(origin), ...this.#preflight], body: '' }
  }

  /**
   * The headers of an answer with those of CORS in place of its own of the same name; `vary` is added to.
   * @param headers not changed.
   */
  addTo(headers: HeaderList, origin: string | undefined): HeaderList {
    const added = this.headersFor(origin)
    const all: HeaderList = []
    for (const header of headers) {
      // Browsers refuse an answer that names two origins.
      if (!header[0].startsWith('access-') || !added.some(([name]) => name === header[0])) all.push(header)
    }
    for (const header of added) all.push(header)
    return all
  }
}

/** Entries of `allowed_origins` that no browser sends as its origin, as it stands there or as it should be written. */
export function unmatchableOrigins(config?: CorsConfig | null): { readonly origin: string; readonly meant: string }[] {
  return (config?.allowed_origins ?? []).flatMap((origin) => {
    const meant = originMeant(origin)
    return meant === undefined || meant === origin ? [] : [{ origin, meant }]
  })
}

/** Undefined for one about which nothing is known, such as `null` or that of an app. */
function originMeant(origin: string): string | undefined {
  if (origin === '*' || origin === 'null') return undefined
  const url = URL.parse(origin.includes('://') ? origin : `https://${origin}`)
  // A browser never names several.
  if (url === null || origin.includes('*')) return EXAMPLE
  return url.origin === 'null' ? undefined : url.origin
}

const EXAMPLE = 'https://app.example.com'

const ANY_ORIGIN = ['access-control-allow-origin', '*'] as const
const EXPOSE_ANY = ['access-control-expose-headers', '*'] as const
/** On every answer, so that no cache gives one page's answer to another. */
const VARY = ['vary', 'origin, access-control-request-method, access-control-request-headers'] as const

/** Asks a browser whether it may send a request, rather than being one. */
export function isPreflight(method: string, headers: Readonly<Record<string, string>>): boolean {
  return method === 'OPTIONS' && headers['access-control-request-method'] !== undefined
}
