// Entity tags of whole answers, and 304 for clients that have the answer already (RFC 9110 §8.8.3, §13.1.2). Pure.
import { hash } from 'node:crypto'
import type { Answer, HeaderList } from '../response/answer.ts'
import { headerOf } from '../response/answer.ts'

/** A larger answer gets no tag: hashing it would hold up the others. */
export const MAX_TAGGED_BYTES = 4 * 1024 * 1024

export interface TagQuestion {
  readonly method: string
  /** `if-none-match` of the request. */
  readonly ifNoneMatch: string | undefined
}

/**
 * The answer with a tag made of its body, or 304. What is neither GET nor HEAD, no 200, or too large stays as it is. A tag that the function
 * has set itself is kept.
 */
export function tagged(answer: Answer, { method, ifNoneMatch }: TagQuestion): Answer {
  if (answer.status !== 200 || (method !== 'GET' && method !== 'HEAD')) return answer
  const own = headerOf(answer.headers, 'etag')
  if (own === undefined && (answer.body.length > MAX_TAGGED_BYTES || isNotStored(answer))) return answer
  const tag = own ?? `"${hash('sha256', answer.body, 'base64url').slice(0, TAG_LENGTH)}"`
  const known = ifNoneMatch === undefined ? undefined : matching(ifNoneMatch, tag)
  if (known !== undefined) return notModified(answer.headers, known)
  return own === undefined ? { ...answer, headers: [...answer.headers, ['etag', tag]] } : answer
}

/** 132 bits. */
const TAG_LENGTH = 22

/** A tag for the same content in a coding: two strong tags that are equal promise equal bytes. */
export function codedTag(tag: string, coding: string): string {
  return tag.startsWith('"') ? `${tag.slice(0, -1)}-${coding}"` : tag
}

/** @returns the tag of the list that is `tag`, or `tag` in some coding, as the client knows it. */
function matching(ifNoneMatch: string, tag: string): string | undefined {
  if (ifNoneMatch.trim() === '*') return tag
  const wanted = opaque(tag)
  for (const [item] of ifNoneMatch.matchAll(TAGS)) {
    const known = opaque(item)
    if (known === wanted || known.replace(CODING, '') === wanted) return item
  }
  return undefined
}

const TAGS = /(?:W\/)?"[^"]*"/g
const CODING = /-(?:zstd|br|gzip)$/

/** What stands in the quotes. */
function opaque(tag: string): string {
  return tag.slice(tag.indexOf('"') + 1, -1)
}

function notModified(headers: HeaderList, tag: string): Answer {
  const kept = headers.filter(([name]) => name !== 'etag' && !name.startsWith('content-'))
  return { status: 304, headers: [...kept, ['etag', tag]], body: '' }
}

function isNotStored({ headers }: Answer): boolean {
  return headerOf(headers, 'cache-control')?.includes('no-store') ?? false
}
