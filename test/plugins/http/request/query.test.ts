// Queries as handlers get them (spec 06 A.5).
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { QueryError, readQuery } from '../../../../plugins/http/request/query.ts'

describe('a query', () => {
  it.each([
    ['', {}],
    ['page=2', { page: '2' }],
    ['page=1&page=2', { page: '2' }],
    ['a', { a: '' }],
    ['a=', { a: '' }],
    ['=x', { '': 'x' }],
    ['&&a=1&', { a: '1' }],
    ['a=b=c', { a: 'b=c' }],
    ['a&b=c', { a: '', b: 'c' }],
    ['a+b=c+d', { 'a b': 'c d' }],
    ['a%2Bb=%26%3d', { 'a+b': '&=' }],
    ['n%C3%A4me=%f0%9f%98%80', { näme: '😀' }],
    ['q=\u00c3\u00a4', { q: 'ä' }],
    ['?a=?', { '?a': '?' }],
  ])('%j is %j', (query, expected) => {
    expect(readQuery(query)).toEqual(expected)
  })

  it('may hold the names of an object', () => {
    const params = readQuery('__proto__=x&constructor=y&toString=z')
    expect(Object.entries(params)).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
      ['toString', 'z'],
    ])
    expect(JSON.stringify(params)).toBe('{"__proto__":"x","constructor":"y","toString":"z"}')
    expect(({} as Record<string, unknown>)['x']).toBeUndefined()
  })

  it.each(['a=%', 'a=%zz', '%4=1', 'a=%ff', 'a=%c3', 'a=\u00ff', 'a=100%&b=1'])('%j can not be decoded', (query) => {
    expect(() => readQuery(query)).toThrow(QueryError)
  })

  it('that can not be decoded is shown, shortened', () => {
    expect(() => readQuery(`a=%zz${'x'.repeat(1000)}`)).toThrow(/^The query can not be decoded: "%zzx{77}…" is no/)
  })

  it('is read as URLSearchParams writes it', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }))), (pairs) => {
        const expected = new Map(pairs)
        const read = readQuery(new URLSearchParams(pairs).toString())
        expect(new Map(Object.entries(read))).toEqual(expected)
      }),
    )
  })
})
