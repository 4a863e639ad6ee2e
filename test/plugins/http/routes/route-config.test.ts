// What a binding of type `http` may say (spec 06 A.3).
import { describe, expect, it } from 'vitest'
import {
  MAX_PATH_LENGTH,
  MAX_ROUTE_MIDDLEWARE,
  MAX_SEGMENTS,
  readRouteConfig,
} from '../../../../plugins/http/routes/route-config.ts'

describe('the config of a route', () => {
  it('is read whole', () => {
    expect(
      readRouteConfig({
        api_path: '/users/:id',
        http_method: 'post',
        condition_function_id: 'users::allowed',
        middleware_function_ids: ['mw::log', 'mw::auth'],
        unknown: 1,
      }),
    ).toEqual({
      apiPath: '/users/:id',
      pattern: '/users/:id',
      method: 'POST',
      isRouted: true,
      conditionFunctionId: 'users::allowed',
      middlewareFunctionIds: ['mw::log', 'mw::auth'],
      warnings: ['"unknown" means nothing here and is ignored.'],
    })
  })

  it.each([
    [{ method: 'POST' }, `"method" means nothing here and is ignored. Did you mean 'http_method'?`],
    [{ http_metod: 'POST' }, `"http_metod" means nothing here and is ignored. Did you mean 'http_method'?`],
    [{ middleware: ['a'] }, `"middleware" means nothing here and is ignored. Did you mean 'middleware_function_ids'?`],
    [
      { api_path: '/users/{id}' },
      'the segment "{id}" is no parameter and is compared letter by letter; one is written ":id"',
    ],
    [{ api_path: '/*/x' }, 'the segment "*" is compared letter by letter; "*" alone, as the last one, takes the rest'],
    [
      { api_path: '/files/*rest' },
      'the segment "*rest" is compared letter by letter; "*" alone, as the last one, takes the rest',
    ],
  ])('that says something else than it may mean is taken with a warning: %j', (members, warning) => {
    expect(readRouteConfig({ api_path: '/', ...members }).warnings).toEqual([warning])
  })

  it('names only the first of many unknown members', () => {
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`member ${n}`, n]))
    expect(readRouteConfig({ api_path: '/files/*', ...many }).warnings).toHaveLength(3)
  })

  it('without a path, but with one under another name, is refused with that name', () => {
    expect(() => readRouteConfig({ path: '/a' })).toThrow("got undefined; the member 'path' is not read")
  })

  it('needs no more than a path, whose leading slash may be left out', () => {
    expect(readRouteConfig({ api_path: 'users/:id' })).toMatchObject({
      apiPath: 'users/:id',
      pattern: '/users/:id',
      method: 'GET',
      conditionFunctionId: undefined,
      middlewareFunctionIds: [],
    })
    expect(readRouteConfig({ api_path: '' }).pattern).toBe('/')
  })

  it.each([undefined, null, {}, { api_path: 7 }, { api_path: null }, [], 'x'])(
    'without a path is refused: %j',
    (config) => {
      expect(() => readRouteConfig(config)).toThrow('api_path is required for http triggers')
    },
  )

  it('may name a method that is never routed, with a warning', () => {
    const config = readRouteConfig({ api_path: '/', http_method: 'TRACE' })
    expect(config).toMatchObject({ method: 'TRACE', isRouted: false })
    expect(config.warnings).toEqual([expect.stringContaining('"TRACE" is never routed; there are GET, POST')])
  })

  it('falls back to GET for a method that is no text, with a warning', () => {
    const config = readRouteConfig({ api_path: '/', http_method: 7 })
    expect(config.method).toBe('GET')
    expect(config.warnings).toEqual(['http_method must be a text such as "POST", got 7; GET is taken'])
  })

  it('drops what is no function id from the middleware, with a warning', () => {
    const config = readRouteConfig({ api_path: '/', middleware_function_ids: ['a', 1, null, '', 'b'] })
    expect(config.middlewareFunctionIds).toEqual(['a', 'b'])
    expect(config.warnings).toEqual([expect.stringContaining('["a",1,null,"","b"]')])
  })

  it.each([
    [{ condition_function_id: 7 }, 'condition_function_id must be the id of a function, got 7'],
    [{ middleware_function_ids: 'mw' }, 'middleware_function_ids must be a list of function ids, got "mw"'],
    [{ middleware_function_ids: Array(MAX_ROUTE_MIDDLEWARE + 1).fill('m') }, `${MAX_ROUTE_MIDDLEWARE} are allowed`],
    [{ api_path: '/a?b=1' }, 'holds "?", which no request path does; write it as %3F'],
    [{ api_path: '/a b' }, 'write it as %20'],
    [{ api_path: '/a/:' }, 'a parameter without a name'],
    [{ api_path: '/:x/:x' }, 'has the parameter :x twice'],
    [{ api_path: 'a'.repeat(MAX_PATH_LENGTH) }, `${MAX_PATH_LENGTH} are allowed`],
    [{ api_path: '/a'.repeat(MAX_SEGMENTS + 1) }, `${MAX_SEGMENTS} are allowed`],
  ])('is refused when it can not work: %j', (members, message) => {
    expect(() => readRouteConfig({ api_path: '/', ...members })).toThrow(message)
  })

  it('at its limits is taken', () => {
    expect(readRouteConfig({ api_path: 'a'.repeat(MAX_PATH_LENGTH - 1) }).pattern.length).toBe(MAX_PATH_LENGTH)
    const many = readRouteConfig({
      api_path: '/a'.repeat(MAX_SEGMENTS),
      middleware_function_ids: Array(MAX_ROUTE_MIDDLEWARE).fill('m'),
    })
    expect(many.middlewareFunctionIds.length).toBe(MAX_ROUTE_MIDDLEWARE)
  })
})
