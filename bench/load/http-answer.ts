// Reads the answers of one keep-alive connection: status, `content-length` and body. Whatever else a server may send (chunks, 1xx) is an
// answer that is wrong.
import { LearnedBytes } from './learned-bytes.ts'
import { isValue } from './workload.ts'

/** Header values that differ from answer to answer in a fixed length. */
const FREE_HEADERS = ['date', 'x-request-id', 'traceparent']
const MAX_HEAD_BYTES = 16 * 1024
/** Of an answer that can't be read. */
const SHOWN_BYTES = 600

/** The head of an answer, and where the whole of it ends; undefined while the head is not complete. */
export interface AnswerHead {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly bodyAt: number
  readonly end: number
}

/** Throws for what is no HTTP answer with a length. */
export function readHead(bytes: Buffer): AnswerHead | undefined {
  const end = bytes.indexOf('\r\n\r\n')
  if (end === -1) {
    if (bytes.length > MAX_HEAD_BYTES) throw new Error('The server sent a head without an end.')
    return undefined
  }
  const [first = '', ...lines] = bytes.latin1Slice(0, end).split('\r\n')
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(first)?.[1])
  if (Number.isNaN(status)) throw new Error(`The server sent no HTTP answer: ${first.slice(0, 100)}`)
  const headers = new Map<string, string>()
  for (const line of lines) {
    const colon = line.indexOf(':')
    headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim())
  }
  const length = headers.get('content-length')
  if (length === undefined || !/^\d+$/.test(length)) {
    const shown = bytes.utf8Slice(0, Math.min(bytes.length, SHOWN_BYTES))
    throw new Error(`The server sent an answer without content-length: ${shown}`)
  }
  return { status, headers, bodyAt: end + 4, end: end + 4 + Number(length) }
}

export type Verdict = { readonly form: LearnedBytes } | { readonly wrong: string }

/** Looks at a whole answer. What is right becomes the form of the answers to come. */
export function judge(bytes: Buffer, { status, headers, bodyAt }: AnswerHead, value: string, n: number): Verdict {
  const body = bytes.utf8Slice(bodyAt)
  if (status !== 200) return { wrong: `status ${status}` }
  if (!/^application\/json\b/.test(headers.get('content-type') ?? '')) return { wrong: 'no_json' }
  const parsed = parse(body)
  if (!isValue(parsed, value, n)) return { wrong: 'wrong_value' }
  const free = FREE_HEADERS.map((name) => headers.get(name)).filter((text) => text !== undefined)
  return { form: LearnedBytes.learn(bytes, free, n) }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
