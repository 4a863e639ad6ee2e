// Finds the end of a number, `true`, `false` or `null` in the envelope and checks it entirely; results as in skip-string.ts.

const TRUE = Buffer.from('true')
const FALSE = Buffer.from('false')
const NULL = Buffer.from('null')

/** Whatever begins at `start` and is neither string, object nor array. */
export function skipScalar(frame: Buffer, start: number): number {
  const end = tokenEnd(frame, start)
  if (end === start) return -1
  return isScalar(frame, start, end) ? end : ~end
}

export function isNull(frame: Buffer, start: number, end: number): boolean {
  return end - start === 4 && frame[start] === 0x6e
}

/** A token that is not JSON (`NaN`, `undefined`) ends where a right one would, so that the envelope can be read on behind it. */
function tokenEnd(frame: Buffer, start: number): number {
  let at = start
  for (; at < frame.length; at++) {
    switch (frame[at]) {
      case 0x2c: // ,
      case 0x7d: // }
      case 0x5d: // ]
      case 0x3a: // :
      case 0x22: // "
      case 0x20:
      case 0x09:
      case 0x0a:
      case 0x0d:
        return at
    }
  }
  return at
}

function isScalar(frame: Buffer, start: number, end: number): boolean {
  switch (frame[start]) {
    case 0x74:
      return isWord(frame, start, end, TRUE)
    case 0x66:
      return isWord(frame, start, end, FALSE)
    case 0x6e:
      return isWord(frame, start, end, NULL)
    default:
      return isNumber(frame, start, end)
  }
}

function isWord(frame: Buffer, start: number, end: number, word: Buffer): boolean {
  if (end - start !== word.length) return false
  for (let index = 0; index < word.length; index++) if (frame[start + index] !== word[index]) return false
  return true
}

/** `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?` */
function isNumber(frame: Buffer, start: number, end: number): boolean {
  let at = start
  if (frame[at] === 0x2d) at++
  const integer = at
  at = digitsEnd(frame, at, end)
  if (at === integer || (frame[integer] === 0x30 && at > integer + 1)) return false
  if (at < end && frame[at] === 0x2e) {
    const fraction = at + 1
    at = digitsEnd(frame, fraction, end)
    if (at === fraction) return false
  }
  if (at < end && (frame[at]! | 0x20) === 0x65) {
    at++
    if (at < end && (frame[at] === 0x2b || frame[at] === 0x2d)) at++
    const exponent = at
    at = digitsEnd(frame, exponent, end)
    if (at === exponent) return false
  }
  return at === end
}

function digitsEnd(frame: Buffer, start: number, end: number): number {
  let at = start
  while (at < end && frame[at]! >= 0x30 && frame[at]! <= 0x39) at++
  return at
}
