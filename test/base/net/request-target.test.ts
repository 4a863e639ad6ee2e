import { expect, test } from 'vitest'
import { splitRequestTarget } from '../../../base/net/request-target.ts'

test.each([
  ['/', '/', ''],
  ['/a%20b?x=1', '/a%20b', 'x=1'],
  ['/a?', '/a', ''],
  ['/a?b?c', '/a', 'b?c'],
  ['?x', '', 'x'],
])('The request target %s has path "%s" and query "%s"', (target, path, query) => {
  expect(splitRequestTarget(target)).toEqual({ path, query })
})
