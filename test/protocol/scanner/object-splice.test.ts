import { describe, expect, it } from 'vitest'
import { objectSplice, Splice } from '../../../protocol/scanner/object-splice.ts'

describe('objectSplice', () => {
  it.each(['{"a":1}', '{ "a":{} }', `{${' '.repeat(500)}"a":1}`])('finds the members of %s', (data) => {
    expect(objectSplice(Buffer.from(data))).toBe(Splice.WithMembers)
  })

  it.each(['{}', '{ }', '{\n\t\r }'])('finds none in %j', (data) => {
    expect(objectSplice(Buffer.from(data))).toBe(Splice.EmptyObject)
  })

  it.each(['[]', '[{}]', '"{}"', 'null', '1', '"', ''])('tells that %j is no object', (data) => {
    expect(objectSplice(Buffer.from(data))).toBe(Splice.NotAnObject)
  })
})
