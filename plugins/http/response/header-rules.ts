// Which headers of a function's answer are sent (spec 06 A.7). Pure.

/** `framing`: they tell how the answer is carried, which is the server's to say. `invalid`: they can't be written to the wire. */
export type HeaderFault = 'framing' | 'invalid'

/** Of one connection, or of how a body is cut on it; but for `content-length`, which the mapping of buffered answers keeps back itself. */
const FRAMING: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** @param name in small letters. @returns undefined = it may be sent. */
export function headerFault(name: string, value: string): HeaderFault | undefined {
  if (!isHeaderName(name) || !isHeaderValue(value)) return 'invalid'
  return FRAMING.has(name) ? 'framing' : undefined
}

/** The value as it goes to the wire: UTF-8, one character per byte. Almost always the text itself. */
export function wireValue(value: string): string {
  for (let at = 0; at < value.length; at++) {
    if (value.charCodeAt(at) > 0x7f) return Buffer.from(value.toWellFormed()).toString('latin1')
  }
  return value
}

/** The characters of a token in HTTP. */
const TOKEN = new Uint8Array(128)
for (const letter of "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
  TOKEN[letter.charCodeAt(0)] = 1

function isHeaderName(name: string): boolean {
  for (let at = 0; at < name.length; at++) {
    const code = name.charCodeAt(at)
    if (code > 0x7f || TOKEN[code] === 0) return false
  }
  return name !== ''
}

/** No line end and no other control character but a tab. */
function isHeaderValue(value: string): boolean {
  for (let at = 0; at < value.length; at++) {
    const code = value.charCodeAt(at)
    if ((code < 0x20 && code !== 0x09) || code === 0x7f) return false
  }
  return true
}
