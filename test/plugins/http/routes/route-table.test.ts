// The route table (spec 06 A.4), its rules one by one and as a whole against a matcher that tries every route.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RouteConflict } from '../../../../plugins/http/routes/route-conflict.ts'
import { RouteTable } from '../../../../plugins/http/routes/route-table.ts'
import { NaiveTable } from './naive-table.ts'

function tableOf(...routes: readonly (readonly [method: string, pattern: string])[]): RouteTable<string> {
  const table = new RouteTable<string>()
  for (const [method, pattern] of routes) table.add(`${method} ${pattern}`, method, pattern, pattern)
  return table
}

describe('finding a route', () => {
  it('takes parameters as they stand in the path', () => {
    const table = tableOf(['GET', '/users/:id/posts/:post'])
    expect(table.find('GET', '/users/a%20b/posts/7')).toEqual({
      value: '/users/:id/posts/:post',
      params: { id: 'a%20b', post: '7' },
    })
  })

  it('knows the root', () => {
    expect(tableOf(['GET', '/']).find('GET', '/')?.value).toBe('/')
    expect(tableOf(['GET', '/:any']).find('GET', '/')).toBeUndefined()
  })

  it('is exact about letters, slashes and methods', () => {
    const table = tableOf(['GET', '/users'])
    for (const path of ['/Users', '/users/', '//users', '/users/1', '/user', 'users', '', '*'])
      expect(table.find('GET', path)).toBeUndefined()
    expect(table.find('POST', '/users')).toBeUndefined()
    expect(table.find('HEAD', '/users')).toBeUndefined()
  })

  it('lets no parameter match an empty segment', () => {
    const table = tableOf(['GET', '/users/:id'], ['GET', '/a/:x/b'])
    expect(table.find('GET', '/users/')).toBeUndefined()
    expect(table.find('GET', '/a//b')).toBeUndefined()
  })

  it('prefers static segments, and comes back from them', () => {
    const table = tableOf(['GET', '/users/me'], ['GET', '/users/:id/posts'], ['GET', '/users/:id'], ['GET', '/:a/me/x'])
    expect(table.find('GET', '/users/me')?.value).toBe('/users/me')
    expect(table.find('GET', '/users/me/posts')).toEqual({ value: '/users/:id/posts', params: { id: 'me' } })
    expect(table.find('GET', '/users/me/x')).toEqual({ value: '/:a/me/x', params: { a: 'users' } })
  })

  it('gives a last wildcard the rest, which is never empty, and takes it last', () => {
    const table = tableOf(['GET', '/files/:id'], ['GET', '/files/*'], ['GET', '/:tree/:branch/*'])
    expect(table.find('GET', '/files/a')?.value).toBe('/files/:id')
    expect(table.find('GET', '/files/a//b/')).toEqual({ value: '/files/*', params: { '*': 'a//b/' } })
    expect(table.find('GET', '/files/')).toBeUndefined()
    expect(table.find('GET', '/files')).toBeUndefined()
    expect(table.find('GET', '/x/y/z/0')?.params).toEqual({ tree: 'x', branch: 'y', '*': 'z/0' })
  })

  it('takes a wildcard that is not the last segment as it is written', () => {
    const table = tableOf(['GET', '/a/*/b'])
    expect(table.find('GET', '/a/*/b')?.params).toEqual({})
    expect(table.find('GET', '/a/x/b')).toBeUndefined()
  })

  it('finds a route that is written with letters outside of ASCII as clients ask for it', () => {
    expect(tableOf(['GET', '/käse/:id']).find('GET', '/k%C3%A4se/1')?.params).toEqual({ id: '1' })
  })

  it('is not confused by the names of an object', () => {
    const table = tableOf(['GET', '/:__proto__/:constructor'], ['GET', '/__proto__/x'])
    const params = table.find('GET', '/a/b')!.params
    expect(Object.entries(params)).toEqual([
      ['__proto__', 'a'],
      ['constructor', 'b'],
    ])
    expect(table.find('GET', '/__proto__/x')?.value).toBe('/__proto__/x')
    expect(table.find('__proto__', '/a/b')).toBeUndefined()
  })

  it('ignores a trailing slash where it is told to', () => {
    const table = new RouteTable<string>({ ignoreTrailingSlash: true })
    table.add('1', 'GET', '/users/', 'users')
    table.add('2', 'GET', '/', 'root')
    table.add('3', 'GET', '/users/:id', 'user')
    expect(table.find('GET', '/users')?.value).toBe('users')
    expect(table.find('GET', '/users/')?.value).toBe('users')
    expect(table.find('GET', '/users/1/')).toEqual({ value: 'user', params: { id: '1' } })
    expect(table.find('GET', '/')?.value).toBe('root')
    expect(table.find('GET', '/users//')).toBeUndefined()
  })
})

describe('adding and removing', () => {
  it('lets the last of equal routes answer, and the one before it again when it goes', () => {
    const table = new RouteTable<string>()
    expect(table.add('a', 'GET', '/x/:id', 'first')).toEqual({ covered: undefined, coveredBy: undefined })
    expect(table.add('b', 'GET', '/x/:id', 'second')).toEqual({ covered: 'first', coveredBy: undefined })
    expect(table.find('GET', '/x/1')?.value).toBe('second')
    table.remove('b')
    expect(table.find('GET', '/x/1')?.value).toBe('first')
    table.remove('a')
    expect(table.find('GET', '/x/1')).toBeUndefined()
    expect(table.size).toBe(0)
  })

  it('keeps the one that answers when a covered one goes', () => {
    const table = new RouteTable<string>()
    table.add('a', 'GET', '/x', 'first')
    table.add('b', 'GET', '/x', 'second')
    table.remove('a')
    expect(table.find('GET', '/x')?.value).toBe('second')
  })

  it('refuses a route that differs in the names of its parameters alone, and serves as before', () => {
    const table = tableOf(['GET', '/s/:a/:b'])
    expect(() => table.add('late', 'GET', '/s/:b/:a', 'late')).toThrow(RouteConflict)
    expect(() => table.add('late', 'GET', '/s/:b/:a', 'late')).toThrow(
      'GET /s/:b/:a conflicts with already-registered route GET /s/:a/:b',
    )
    expect(table.find('GET', '/s/1/2')?.params).toEqual({ a: '1', b: '2' })
    expect(table.add('post', 'POST', '/s/:b/:a', 'post')).toEqual({ covered: undefined, coveredBy: undefined })
    expect(table.add('longer', 'GET', '/s/:b/:a/c', 'longer')).toEqual({ covered: undefined, coveredBy: undefined })
  })

  it('replaces an id, whatever it was before', () => {
    const table = new RouteTable<string>()
    table.add('a', 'GET', '/x/:id', 'old')
    table.add('a', 'POST', '/y', 'new')
    expect(table.find('GET', '/x/1')).toBeUndefined()
    expect(table.find('POST', '/y')?.value).toBe('new')
    table.add('a', 'POST', '/y', 'newer')
    expect([...table.entries()]).toEqual([{ id: 'a', method: 'POST', pattern: '/y', value: 'newer', serves: true }])
    table.add('a', 'GET', '/x/:renamed', 'renamed')
    table.add('a', 'GET', '/x/:again', 'again')
    expect(table.find('GET', '/x/1')?.params).toEqual({ again: '1' })
  })

  it('leaves an id as it was when its replacement conflicts', () => {
    const table = tableOf(['GET', '/x/:id'])
    table.add('a', 'GET', '/y', 'y')
    expect(() => table.add('a', 'GET', '/x/:other', 'other')).toThrow(RouteConflict)
    expect(table.find('GET', '/y')?.value).toBe('y')
  })

  it('names the methods of a path', () => {
    const table = tableOf(['POST', '/x/:id'], ['GET', '/x/:name'], ['DELETE', '/x/*'], ['PUT', '/y'])
    expect(table.methodsOf('/x/1')).toEqual(['DELETE', 'GET', 'HEAD', 'POST'])
    expect(table.methodsOf('/y')).toEqual(['PUT'])
    expect(table.methodsOf('/z')).toEqual([])
    expect(table.methodsOf('*')).toEqual([])
  })

  it('tells which routes are covered', () => {
    const table = new RouteTable<string>()
    table.add('a', 'GET', '/x', 'first')
    table.add('b', 'GET', '/x', 'second')
    expect([...table.entries()].map(({ id, serves }) => [id, serves])).toEqual([
      ['a', false],
      ['b', true],
    ])
  })
})

describe('against a matcher that tries every route', () => {
  const segment = fc.constantFrom('a', 'b', ':x', ':y', '*', '', ':__proto__')
  const pattern = fc.array(segment, { minLength: 1, maxLength: 4 }).map((segments) => `/${segments.join('/')}`)
  const path = fc
    .array(fc.constantFrom('a', 'b', 'c', '', ':x', '*'), { minLength: 1, maxLength: 5 })
    .map((segments) => `/${segments.join('/')}`)
  const method = fc.constantFrom('GET', 'POST')
  const id = fc.integer({ min: 0, max: 9 }).map(String)
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('add' as const), id, method, pattern }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), id }) },
  )

  it('any order of adding and removing gives the same answers', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 25 }),
        fc.array(path, { minLength: 1, maxLength: 10 }),
        fc.boolean(),
        (steps, paths, ignoreTrailingSlash) => {
          const table = new RouteTable<number>({ ignoreTrailingSlash })
          const naive = new NaiveTable<number>(ignoreTrailingSlash)
          for (const [index, step] of steps.entries()) {
            if (step.kind === 'remove') {
              table.remove(step.id)
              naive.remove(step.id)
              continue
            }
            const expected = naive.add(step.id, step.method, step.pattern, index)
            if (expected === 'conflict') {
              expect(() => table.add(step.id, step.method, step.pattern, index)).toThrow(RouteConflict)
            } else expect(table.add(step.id, step.method, step.pattern, index)).toEqual(expected)
          }
          for (const path of paths) {
            const found = table.find('GET', path)
            const wanted = naive.find('GET', path)
            expect(found?.value).toBe(wanted?.value)
            if (wanted !== undefined) expect(Object.entries(found!.params)).toEqual([...wanted.params])
            expect(table.methodsOf(path)).toEqual(naive.methodsOf(path))
          }
          expect(table.size).toBe(naive.size)
        },
      ),
      { numRuns: 1500 },
    )
  })

  it('forgets everything when everything goes', () => {
    fc.assert(
      fc.property(fc.array(pattern, { maxLength: 20 }), (patterns) => {
        const table = new RouteTable<string>()
        const added: string[] = []
        for (const [index, pattern] of patterns.entries()) {
          try {
            table.add(`${index}`, 'GET', pattern, pattern)
            added.push(`${index}`)
          } catch (error) {
            expect(error).toBeInstanceOf(RouteConflict)
          }
        }
        for (const id of added) table.remove(id)
        expect([...table.entries()]).toEqual([])
        for (const pattern of patterns) expect(table.methodsOf(pattern)).toEqual([])
      }),
    )
  })
})
