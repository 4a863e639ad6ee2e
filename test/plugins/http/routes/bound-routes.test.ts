// Routes of trusted workers and of sessions beside each other.
import { describe, expect, it } from 'vitest'
import { BoundRoutes, RouteTaken } from '../../../../plugins/http/routes/bound-routes.ts'

interface Route {
  readonly name: string
  readonly apiPath: string
  readonly session: string | undefined
}

class Scene {
  readonly routes: BoundRoutes<Route>

  constructor(options = {}) {
    this.routes = new BoundRoutes<Route>(options)
  }

  add(name: string, route: string, session?: string): { covered: string | undefined; coveredBy: string | undefined } {
    const [method = '', apiPath = ''] = route.split(' ')
    const { covered, coveredBy } = this.routes.add(name, method, apiPath, { name, apiPath, session })
    return { covered: covered?.name, coveredBy: coveredBy?.name }
  }

  find(request: string): string | undefined {
    const [method = '', path = ''] = request.split(' ')
    return this.routes.find(method, path)?.value.name
  }
}

const ALONE = { covered: undefined, coveredBy: undefined }

describe('a session is refused', () => {
  it.each([
    ['the same route', 'GET /a', 'GET /a'],
    ['the same shape', 'GET /a/:x', 'GET /a/:y'],
    ['what a parameter takes', 'GET /users/:id', 'GET /users/me'],
    ['a parameter below a wildcard', 'GET /admin/*', 'GET /admin/:page'],
    ['several segments below a wildcard', 'GET /admin/*', 'GET /admin/a/b/c'],
    ['a wildcard below a wildcard', 'GET /*', 'GET /admin/*'],
    ['what HEAD gets by way of GET', 'GET /a', 'HEAD /a'],
    ['letters that requests encode', 'GET /ä/:x', 'GET /%C3%A4/b'],
  ])('%s', (_what, trusted, session) => {
    const scene = new Scene()
    scene.add('trusted', trusted)
    expect(() => scene.add('session', session, 's')).toThrow(RouteTaken)
    expect([...scene.routes.entries()].map(({ id }) => id)).toEqual(['trusted'])
  })

  it('and told the route and the remedy', () => {
    const scene = new Scene()
    scene.add('trusted', 'GET /users/:id')
    expect(() => scene.add('session', 'GET /users/me', 's')).toThrow(
      expect.objectContaining({
        code: 'FORBIDDEN',
        message: expect.stringMatching(/GET \/users\/me .*\/users\/:id of a trusted worker.* Bind another path/),
      }),
    )
  })

  it('also a path with a slash behind, where that is the same', () => {
    const scene = new Scene({ ignoreTrailingSlash: true })
    scene.add('trusted', 'GET /a')
    expect(() => scene.add('session', 'GET /a/', 's')).toThrow(RouteTaken)
  })
})

describe('a session may bind', () => {
  it.each([
    ['another path', 'GET /a', 'GET /b', 'GET /b'],
    ['another method', 'GET /a', 'POST /a', 'POST /a'],
    ['a wildcard of which only a part is taken', 'GET /a/:x', 'GET /a/*', 'GET /a/b/c'],
    ['a parameter of which only a part is taken', 'GET /a/b', 'GET /a/:x', 'GET /a/c'],
  ])('%s', (_what, trusted, session, request) => {
    const scene = new Scene()
    scene.add('trusted', trusted)
    expect(scene.add('session', session, 's')).toEqual(ALONE)
    expect(scene.find(request)).toBe('session')
  })

  it('and what a trusted worker’s route is for goes to that one', () => {
    const scene = new Scene()
    scene.add('trusted', 'GET /a/:x')
    scene.add('session', 'GET /a/*', 's')
    expect(scene.find('GET /a/b')).toBe('trusted')
    expect(scene.find('HEAD /a/b')).toBe('trusted')
  })
})

it('a trusted worker takes a route from a session, which serves again when that one goes', () => {
  const scene = new Scene()
  scene.add('session', 'GET /users/me', 's')
  scene.add('trusted', 'GET /users/:id')
  expect(scene.find('GET /users/me')).toBe('trusted')
  expect([...scene.routes.entries()].map(({ id, serves }) => [id, serves])).toEqual([
    ['trusted', true],
    ['session', false],
  ])
  scene.routes.remove('trusted')
  expect(scene.find('GET /users/me')).toBe('session')
})

it('a trusted worker is told of the session’s route that it takes over', () => {
  const scene = new Scene()
  scene.add('session', 'GET /users/:id', 's')
  expect(scene.add('trusted', 'GET /users/:id')).toEqual({ covered: 'session', coveredBy: undefined })
})

describe('among sessions', () => {
  it('the first one serves, and the next one when it goes', () => {
    const scene = new Scene()
    scene.add('one', 'GET /a', 's1')
    expect(scene.add('two', 'GET /a', 's2')).toEqual({ covered: undefined, coveredBy: 'one' })
    expect(scene.add('three', 'GET /a', 's3')).toEqual({ covered: undefined, coveredBy: 'one' })
    expect(scene.find('GET /a')).toBe('one')
    scene.routes.remove('one')
    expect(scene.find('GET /a')).toBe('two')
  })

  it('one covers its own route, and stays below another’s', () => {
    const scene = new Scene()
    scene.add('one', 'GET /a', 's1')
    expect(scene.add('one again', 'GET /a', 's1')).toEqual({ covered: 'one', coveredBy: undefined })
    scene.add('two', 'GET /a', 's2')
    expect(scene.add('two again', 'GET /a', 's2')).toEqual({ covered: undefined, coveredBy: 'one again' })
    scene.routes.remove('one')
    scene.routes.remove('one again')
    expect(scene.find('GET /a')).toBe('two again')
  })
})

it('an id that passes from a session to a trusted worker, or back, is one route', () => {
  const scene = new Scene()
  scene.add('x', 'GET /a', 's')
  scene.add('x', 'GET /a')
  expect([...scene.routes.entries()]).toHaveLength(1)
  scene.add('x', 'GET /b', 's')
  expect([...scene.routes.entries()]).toHaveLength(1)
  expect([scene.find('GET /a'), scene.find('GET /b')]).toEqual([undefined, 'x'])
})

it('the methods of a path are those of all binders', () => {
  const scene = new Scene()
  scene.add('trusted', 'GET /a')
  scene.add('session', 'POST /:any', 's')
  expect(scene.routes.methodsOf('/a')).toEqual(['GET', 'HEAD', 'POST'])
})
