// HTTP as bytes: sends what no client would, and reads answers one by one. It knows the lengths of bodies and no more.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { within } from './deadline.ts'

export interface RawAnswer {
  readonly status: number
  /** Names in small letters; of equal names the last one. */
  readonly headers: Readonly<Record<string, string>>
  /** Names and values as they came. */
  readonly headerList: readonly (readonly [string, string])[]
  readonly body: string
}

/** For an answer, and for the end of a connection. */
const PATIENCE_MS = 15_000

export class RawHttp {
  readonly socket: Socket
  readonly #method: string
  #buffer = ''
  #isClosed = false
  #wake: () => void = () => {}

  private constructor(socket: Socket, method: string) {
    this.socket = socket
    this.#method = method
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => {
      this.#buffer += text
      this.#wake()
    })
    // A server that has heard enough resets the connection; what matters is what it said before.
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#isClosed = true
      this.#wake()
    })
  }

  /**
   * @param url of the server.
   * @param method of all requests; after HEAD no body is expected.
   */
  static async open(url: string, method = 'GET'): Promise<RawHttp> {
    const { hostname, port } = new URL(url)
    const socket = connect({ host: hostname, port: Number(port) })
    const client = new RawHttp(socket, method)
    onTestFinished(() => void socket.destroy())
    await within(PATIENCE_MS, 'a connection', once(socket, 'connect'))
    return client
  }

  send(bytes: string | Uint8Array): this {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
    return this
  }

  /** The next answer, interim ones among them; undefined when the connection ends without one. */
  async next(): Promise<RawAnswer | undefined> {
    return within(PATIENCE_MS, `an answer; there is ${JSON.stringify(this.#buffer.slice(0, 300))}`, this.#next())
  }

  /** All answers until the server closes the connection. */
  async rest(): Promise<RawAnswer[]> {
    const answers: RawAnswer[] = []
    for (;;) {
      const answer = await this.next()
      if (answer === undefined) return answers
      answers.push(answer)
    }
  }

  /** What came since the last answer, as soon as it matches. */
  async until(pattern: RegExp): Promise<string> {
    const seen = async (): Promise<string> => {
      while (!pattern.test(this.#buffer)) {
        if (this.#isClosed) throw new Error(`The connection ended with ${JSON.stringify(this.#buffer)}`)
        await this.#more()
      }
      return this.#buffer
    }
    return within(PATIENCE_MS, String(pattern), seen())
  }

  async closed(): Promise<void> {
    const seen = async (): Promise<void> => {
      while (!this.#isClosed) await this.#more()
    }
    await within(PATIENCE_MS, 'the end of the connection', seen())
  }

  /** The connection is reset: what the server still sends finds nobody. */
  reset(): void {
    this.socket.resetAndDestroy()
  }

  async #next(): Promise<RawAnswer | undefined> {
    for (;;) {
      const answer = this.#parse()
      if (answer !== undefined) return answer
      if (!this.#isClosed) await this.#more()
      else if (this.#buffer === '') return undefined
      else throw new Error(`The connection ended within an answer: ${JSON.stringify(this.#buffer.slice(0, 300))}`)
    }
  }

  #parse(): RawAnswer | undefined {
    const headEnd = this.#buffer.indexOf('\r\n\r\n')
    if (headEnd === -1) return undefined
    const [statusLine = '', ...lines] = this.#buffer.slice(0, headEnd).split('\r\n')
    const status = Number(/^HTTP\/1\.1 (\d{3})( |$)/.exec(statusLine)?.[1])
    if (Number.isNaN(status)) throw new Error(`This is no answer: ${JSON.stringify(this.#buffer.slice(0, 300))}`)
    const headerList = lines.map((line): [string, string] => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
    })
    const headers: Record<string, string> = Object.fromEntries(headerList)
    const start = headEnd + 4
    const hasBody = this.#method !== 'HEAD' && status >= 200 && status !== 204 && status !== 304
    const read = hasBody ? this.#body(headers, start) : { body: '', end: start }
    if (read === undefined) return undefined
    this.#buffer = this.#buffer.slice(read.end)
    return { status, headers, headerList, body: read.body }
  }

  #body(headers: Record<string, string>, start: number): { body: string; end: number } | undefined {
    const length = headers['content-length']
    if (length !== undefined) {
      const end = start + Number(length)
      return this.#buffer.length < end ? undefined : { body: this.#buffer.slice(start, end), end }
    }
    if (headers['transfer-encoding'] !== 'chunked') {
      return this.#isClosed ? { body: this.#buffer.slice(start), end: this.#buffer.length } : undefined
    }
    let body = ''
    for (let at = start; ;) {
      const lineEnd = this.#buffer.indexOf('\r\n', at)
      if (lineEnd === -1) return undefined
      const size = Number.parseInt(this.#buffer.slice(at, lineEnd), 16)
      const end = lineEnd + 2 + size + 2
      if (this.#buffer.length < end) return undefined
      if (size === 0) return { body, end }
      body += this.#buffer.slice(lineEnd + 2, end - 2)
      at = end
    }
  }

  #more(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve))
  }
}

/** Sends bytes on a connection of their own and gives what is answered until the server closes it. */
export async function answersTo(url: string, bytes: string | Uint8Array): Promise<RawAnswer[]> {
  const client = await RawHttp.open(url)
  return client.send(bytes).rest()
}

/** A request as text. `Connection: close` unless told otherwise. */
export function requestText(
  line: string,
  headers: readonly string[] = [],
  body = '',
  { keepAlive = false }: { readonly keepAlive?: boolean } = {},
): string {
  const all = ['Host: a', ...headers, ...(keepAlive ? [] : ['Connection: close'])]
  return `${line} HTTP/1.1\r\n${all.join('\r\n')}\r\n\r\n${body}`
}
