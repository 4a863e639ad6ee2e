// Random valid frames from a seed, spelled in every way that JSON allows: much faster than composing them of arbitraries, so that
// a property can afford thousands. fast-check supplies the seeds.

const KEYS = [
  'type',
  'invocation_id',
  'function_id',
  'namespace',
  'traceparent',
  'baggage',
  'data',
  'result',
  'error',
  'metadata',
  'action',
]
const TYPES = [
  'invokefunction',
  'invokefunction',
  'invocationresult',
  'invocationresult',
  'ping',
  'registerfunction',
  '',
]
const SPACES = [' ', '\n', '\r\n\t', ' \t ', ' '.repeat(70)]
const ODD_TEXTS = ['\\', '"', '\\"', '{', '}]', '\u2028', '\ud800', '\u0000\u001f', 'NaN', 'ü', '€', '😀', '\\u00', '']
const SCALARS = ['null', 'true', 'false', '0', '-0', '1e5', '-12.5E-3', '9007199254740993', '""']

/** A JSON object of envelope members, mostly a complete call or result. */
export function randomFrame(seed: number): Buffer {
  return Buffer.from(new FrameWriter(seed).frame())
}

/** Any JSON value. */
export function randomJson(seed: number): string {
  return new FrameWriter(seed).value(3)
}

class FrameWriter {
  #state: number

  constructor(seed: number) {
    this.#state = seed
  }

  frame(): string {
    const members: [string, string][] = []
    if (!this.#oneIn(12)) members.push(['type', this.#text(this.#pick(TYPES))])
    if (!this.#oneIn(12)) members.push(['function_id', this.#text(this.#pick(['a::b', 'ü', 'x"y', 'z'.repeat(200)]))])
    if (!this.#oneIn(5)) members.push(['invocation_id', this.#text(this.#pick(['1', 'ä'.repeat(128), 'c'.repeat(36)]))])
    for (let count = this.#below(6); count > 0; count--) members.push(this.#member())
    members.sort(() => this.#below(3) - 1)
    return (
      this.#space() +
      this.#brackets(
        '{}',
        members.map((member) => this.#pair(member)),
      ) +
      this.#space()
    )
  }

  value(depth: number): string {
    switch (depth === 0 ? this.#below(3) : this.#below(6)) {
      case 0:
        return this.#pick(SCALARS)
      case 1:
        return String(this.#below(100_000) / this.#pick([1, 7, 1000]))
      case 2:
        return this.#text(this.#words())
      case 3:
        return this.#brackets(
          '[]',
          this.#several(() => this.value(depth - 1)),
        )
      default:
        return this.#brackets(
          '{}',
          this.#several(() => this.#pair([this.#words(), this.value(depth - 1)])),
        )
    }
  }

  #member(): [string, string] {
    const key = this.#oneIn(6) ? this.#words() : this.#pick(KEYS)
    return [key, key === 'namespace' && !this.#oneIn(4) ? this.#pick(['null', '"n"', '" "']) : this.value(4)]
  }

  #pair([key, value]: [string, string]): string {
    return `${this.#text(key)}${this.#space()}:${this.#space()}${value}`
  }

  #brackets(pair: '{}' | '[]', items: string[]): string {
    const inner = items.map((item) => this.#space() + item + this.#space()).join(',')
    return pair[0] + (inner === '' ? this.#space() : inner) + pair[1]
  }

  #several(make: () => string): string[] {
    return Array.from({ length: this.#below(this.#oneIn(40) ? 60 : 6) }, make)
  }

  #words(): string {
    const words = [this.#pick(ODD_TEXTS), this.#below(1000).toString(36)]
    if (this.#oneIn(6)) words.unshift('x'.repeat(this.#length()))
    return words.join('')
  }

  /** Lengths that bring the ends of blocks and pieces, and the change from byte loop to WebAssembly, into play. */
  #length(): number {
    const limit = this.#pick([16, 64, 128, 256, 256, 1024, 1024, this.#oneIn(10) ? 33_792 : 64])
    return Math.max(0, limit - 70 + this.#below(80))
  }

  /** A string as JSON: as it is, or with characters written as `\u` escapes. */
  #text(string: string): string {
    if (string.length > 300 || !this.#oneIn(5)) return JSON.stringify(string)
    const spell = (char: string) =>
      this.#oneIn(2) ? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}` : JSON.stringify(char).slice(1, -1)
    return `"${string.split('').map(spell).join('')}"`
  }

  #space(): string {
    return this.#oneIn(8) ? this.#pick(SPACES) : ''
  }

  #pick<T>(choices: readonly T[]): T {
    return choices[this.#below(choices.length)]!
  }

  #oneIn(count: number): boolean {
    return this.#below(count) === 0
  }

  /** mulberry32 */
  #below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit)
  }
}
