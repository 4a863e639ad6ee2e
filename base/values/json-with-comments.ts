// JSON as people write it into a tsconfig.json: with comments and commas behind the last item.

/** @throws {SyntaxError} for text that is no JSON but for that */
export function parseJsonWithComments(text: string): unknown {
  return JSON.parse(withoutComments(text.replace(/^\uFEFF/, '')))
}

/** Strings first: what looks like a comment inside of one is none. What is left out leaves its place, so that positions stay true. */
function withoutComments(text: string): string {
  const blank = (part: string): string => part.replace(/[^\n]/g, ' ')
  const uncommented = text.replace(/"(?:[^"\\]|\\.)*"|\/\/[^\n]*|\/\*[^]*?\*\//g, (part) =>
    part.startsWith('"') ? part : blank(part),
  )
  return uncommented.replace(/"(?:[^"\\]|\\.)*"|,(?=\s*[}\]])/g, (part) => (part.startsWith('"') ? part : ' '))
}
