// Text of others on one line of a terminal: names, messages and data come from workers, and nothing of theirs may steer it.
import { stripVTControlCharacters } from 'node:util'

/** Control characters, line and paragraph separators, and what turns the direction of text. */
const UNPRINTABLE = /[\p{Cc}\u2028-\u202e\u2066-\u2069]+/gu

export function oneLine(text: string): string {
  return stripVTControlCharacters(text).replace(UNPRINTABLE, ' ')
}
