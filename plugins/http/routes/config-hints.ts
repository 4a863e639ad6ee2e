// What of a binding's config does not do what its author may think, in words for the log. Pure.
import { didYouMean } from '../../../base/values/closest-name.ts'
import { shownValue } from '../../../base/values/shown-value.ts'
import { WILDCARD } from './segments.ts'

export const ROUTE_MEMBERS: readonly string[] = [
  'api_path',
  'http_method',
  'condition_function_id',
  'middleware_function_ids',
  'validate',
]

/** What the members are called elsewhere. */
const OTHER_NAMES: ReadonlyMap<string, string> = new Map([
  ['path', 'api_path'],
  ['url', 'api_path'],
  ['method', 'http_method'],
  ['methods', 'http_method'],
  ['condition', 'condition_function_id'],
  ['middleware', 'middleware_function_ids'],
  ['middlewares', 'middleware_function_ids'],
])

/** Unknown members that are named; what else there is of them is not. */
const NAMED_MEMBERS = 3
/** Longer names are nobody's typing error. */
const NAME_LENGTH = 64

/** @param segments of the path, as written. */
export function configHints(members: Readonly<Record<string, unknown>>, segments: readonly string[]): string[] {
  return [...memberHints(members), ...segments.flatMap((segment, index) => segmentHint(segment, index, segments))]
}

/** ` Did you mean 'api_path'?` for a member that may be it, or nothing. */
export function memberMeant(name: string): string {
  const other = OTHER_NAMES.get(name)
  return other === undefined ? didYouMean(name, ROUTE_MEMBERS) : ` Did you mean '${other}'?`
}

function memberHints(members: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(members)
    .filter((name) => !ROUTE_MEMBERS.includes(name))
    .slice(0, NAMED_MEMBERS)
    .map((name) => name.slice(0, NAME_LENGTH))
    .map((name) => `${shownValue(name)} means nothing here and is ignored.${memberMeant(name)}`)
}

function segmentHint(segment: string, index: number, { length }: readonly string[]): string[] {
  const name = /^\{(\w+)\}$/.exec(segment)?.[1]
  if (name !== undefined)
    return [`the segment "${segment}" is no parameter and is compared letter by letter; one is written ":${name}"`]
  const isStarred = segment.startsWith(WILDCARD) || segment.startsWith(`:${WILDCARD}`)
  if (!isStarred || (segment === WILDCARD && index === length - 1)) return []
  return [
    `the segment ${shownValue(segment.slice(0, NAME_LENGTH))} is compared letter by letter; "*" alone, as the last one, takes the rest`,
  ]
}
