// The words of a text, as the search sees them: small letters, without the most common ones and without the usual endings, so that
// "resizing images" and `image::resize` have the same words.

const COMMON = new Set(
  'a an and any are as at by can do for from get how i in into is it its my me need of on or out some that the them then this to up use want with you your'.split(
    ' ',
  ),
)
const SPLIT_CAMEL = /([a-z0-9])([A-Z])/g
const ENDINGS = /(?:ing|ies|ed|es|s|y|e)$/
/** What an ending is taken from is at least so long without it. */
const LEAST_STEM = 3

/** In the order of the text. A text of nothing but common words keeps them. */
export function wordsOf(text: string): string[] {
  const words = text
    .replace(SPLIT_CAMEL, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '')
  const telling = words.filter((word) => !COMMON.has(word))
  return (telling.length === 0 ? words : telling).map(stemOf)
}

function stemOf(word: string): string {
  const stem = word.replace(ENDINGS, '')
  return stem.length >= LEAST_STEM ? stem : word
}
