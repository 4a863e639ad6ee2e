import { expect, test } from 'vitest'
import { decodeQuery } from '../../../base/net/percent-decoding.ts'

test.each([
  ['', {}],
  ['a=1&a=2&b=&c', { a: ['1', '2'], b: [''], c: [''] }],
  ['&=x&&', {}],
  ['%64=%C3%BC+&e=a=b', { d: ['ü+'], e: ['a=b'] }],
  ['bad=%zz&%=1', { bad: ['%zz'], '%': ['1'] }],
  ['__proto__=x', Object.fromEntries([['__proto__', ['x']]])],
])('The query %j is read as %j', (query, parameters) => {
  expect(Object.fromEntries(Object.entries(decodeQuery(query)))).toEqual(parameters)
})
