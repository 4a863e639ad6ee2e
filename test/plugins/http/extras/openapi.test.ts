// The OpenAPI document: what it says, and that it is one, whatever functions say of themselves.
import { Validator } from '@seriousme/openapi-schema-validator'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_FORMAT_CHARACTERS } from '../../../../plugins/http/extras/openapi/component-schemas.ts'
import {
  MAX_OPERATIONS,
  openApiDocument,
  type DescribedRoute,
} from '../../../../plugins/http/extras/openapi/document.ts'
import type { DescribedFunction } from '../../../../plugins/http/extras/openapi/operation.ts'

interface Doc {
  readonly paths: Record<string, Record<string, any>>
  readonly components: { readonly schemas: Record<string, any> }
}

const OPTIONS = {
  title: 'Notes',
  version: '1.0.0',
  description: undefined,
  servers: [],
  errorShape: 'envelope',
} as const

function route(
  method: string,
  pattern: string,
  functionId: string,
  more: Partial<DescribedRoute> = {},
): DescribedRoute {
  return { method, pattern, functionId, namespace: undefined, metadata: undefined, isValidated: false, ...more }
}

function documentOf(
  routes: readonly DescribedRoute[],
  functions: Readonly<Record<string, DescribedFunction>> = {},
  options: Partial<Parameters<typeof openApiDocument>[0]> = {},
): Doc {
  const find = (_namespace: string | undefined, id: string) =>
    Object.hasOwn(functions, id) ? functions[id] : undefined
  return openApiDocument({ ...OPTIONS, ...options }, routes, find) as unknown as Doc
}

/** Compiles its schemas once. */
const validator = new Validator()

async function problemsOf(document: Doc): Promise<unknown> {
  const { valid, errors } = await validator.validate(structuredClone(document) as unknown as Record<string, unknown>)
  return valid ? 'none' : errors
}

/** What a reference of the document stands for; throws where it leads nowhere. */
function resolved(document: Doc, value: any): any {
  if (typeof value?.$ref !== 'string') return value
  const steps = (value.$ref as string).slice(2).split('/')
  const found = steps.reduce<any>((at, step) => {
    const name = decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~')
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name))
      throw new Error(`${value.$ref} leads nowhere`)
    return at[name]
  }, document)
  return resolved(document, found)
}

/** All references of the document lead somewhere. */
function expectReferences(document: Doc): void {
  const look = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    resolved(document, value)
    for (const member of Object.values(value)) look(member)
  }
  look(document)
}

describe('the document', () => {
  it('of no routes is one', async () => {
    const document = documentOf([], {}, { description: 'All of it.', servers: ['https://api.example.com'] })
    expect(await problemsOf(document)).toBe('none')
    expect(document).toMatchObject({
      openapi: '3.1.1',
      info: { title: 'Notes', version: '1.0.0', description: 'All of it.' },
      servers: [{ url: 'https://api.example.com' }],
      paths: {},
    })
  })

  it('tells of a route what its function does', async () => {
    const document = documentOf(
      [route('GET', '/users/:id', 'users::get'), route('POST', '/users', 'users::create', { isValidated: true })],
      {
        'users::get': {
          description: 'Gives a user',
          request_format: {
            type: 'object',
            properties: {
              path_params: { type: 'object', properties: { id: { type: 'string', format: 'uuid' } } },
              query_params: {
                type: 'object',
                required: ['page'],
                properties: { page: { type: 'integer' }, all: { type: 'boolean' } },
              },
              headers: { type: 'object', properties: { 'x-tenant': { type: 'string' }, Authorization: {} } },
            },
          },
          response_format: {
            type: 'object',
            properties: { status_code: { const: 203 }, body: { type: 'object', properties: { name: {} } } },
          },
        },
        'users::create': {
          request_format: { type: 'object', required: ['name'], properties: { name: { type: 'string' } } },
        },
      },
    )
    expect(await problemsOf(document)).toBe('none')
    expectReferences(document)
    const { get } = document.paths['/users/{id}']!
    expect(get).toMatchObject({ operationId: 'users_get', description: 'Gives a user', tags: ['users'] })
    expect(get.requestBody).toBeUndefined()
    expect(get.parameters.map(({ schema, ...rest }: any) => ({ ...rest, schema: resolved(document, schema) }))).toEqual(
      [
        { name: 'id', in: 'path', required: true, schema: { type: 'string', format: 'uuid' } },
        { name: 'page', in: 'query', required: true, schema: { type: 'integer' } },
        { name: 'all', in: 'query', schema: { type: 'boolean' } },
        { name: 'x-tenant', in: 'header', schema: { type: 'string' } },
      ],
    )
    expect(Object.keys(get.responses)).toEqual(['203', 'default'])
    expect(resolved(document, get.responses[203].content['application/json'].schema).properties).toEqual({ name: {} })
    expect(
      resolved(document, resolved(document, get.responses.default).content['application/json'].schema).required,
    ).toEqual(['error'])
    const { post } = document.paths['/users']!
    expect(post.requestBody.required).toBe(true)
    expect(resolved(document, post.requestBody.content['application/json'].schema).required).toEqual(['name'])
    expect(resolved(document, post.responses[422]).content).toHaveProperty('application/problem+json')
  })

  it('takes the metadata of the binding, then that of the function', () => {
    const document = documentOf(
      [
        route('POST', '/a', 'a', {
          metadata: { summary: 'Sends', tags: ['x', 'y'], consumes: ['text/csv', 'text/plain'] },
        }),
        route('GET', '/b', 'b', { metadata: { openapi: false } }),
        route('GET', '/c', 'c'),
      ],
      {
        a: {
          description: 'Of the function',
          metadata: {
            summary: 'Other',
            deprecated: true,
            operation_id: 'sendIt',
            description: 'Of its metadata',
            produces: 'image/png',
            tags: [7],
          },
        },
        c: { metadata: { internal: true } },
      },
    )
    expect(Object.keys(document.paths)).toEqual(['/a'])
    const { post } = document.paths['/a']!
    expect(post).toMatchObject({
      summary: 'Sends',
      description: 'Of its metadata',
      tags: ['x', 'y'],
      deprecated: true,
      operationId: 'sendIt',
    })
    expect(Object.keys(post.requestBody.content)).toEqual(['text/csv', 'text/plain'])
    expect(Object.keys(post.responses[200].content)).toEqual(['image/png'])
  })

  it('tells of a function that is not there what the route says', async () => {
    const document = documentOf([route('POST', '/a/:b/*', 'gone'), route('GET', '/a/:b/*', 'gone')])
    expect(await problemsOf(document)).toBe('none')
    const { post, get } = document.paths['/a/{b}/{rest}']!
    expect([get.operationId, post.operationId]).toEqual(['gone', 'gone_2'])
    expect(post.parameters).toEqual([
      { name: 'b', in: 'path', required: true, schema: { type: 'string' } },
      { name: 'rest', in: 'path', required: true, description: expect.any(String), schema: { type: 'string' } },
    ])
    expect(post.requestBody).toEqual({ content: { 'application/json': { schema: {} } } })
  })

  it('has the formats of a function once, however many routes it has', () => {
    const f = { request_format: { type: 'object', properties: { a: {} } }, response_format: { type: 'string' } }
    const { paths, components } = documentOf([route('POST', '/a', 'f'), route('PUT', '/b', 'f')], { f })
    expect(Object.keys(components.schemas)).toEqual(['f.request', 'f.response', 'Error', 'Problem'])
    expect(paths['/b']!['put'].requestBody).toEqual(paths['/a']!['post'].requestBody)
  })

  it('has one path for those that differ in the names of parameters', async () => {
    const format = (name: string) => ({
      request_format: { properties: { path_params: { properties: { [name]: { maxLength: 7 } } } } },
    })
    const document = documentOf([route('GET', '/a/:x', 'get'), route('POST', '/a/:y', 'post')], {
      get: format('x'),
      post: format('y'),
    })
    expect(await problemsOf(document)).toBe('none')
    expect(Object.keys(document.paths)).toEqual(['/a/{x}'])
    const [parameter] = document.paths['/a/{x}']!['post'].parameters
    expect(parameter.name).toBe('x')
    expect(resolved(document, parameter.schema)).toEqual({ maxLength: 7 })
  })

  it('has the shape of errors that is answered', () => {
    const { Error } = documentOf([], {}, { errorShape: 'legacy' }).components.schemas
    expect(Error.properties.error).toEqual({ type: 'string' })
  })

  it('is the same in whatever order routes came', () => {
    const routes = [route('GET', '/b', 'f'), route('POST', '/a', 'f'), route('GET', '/a', 'f')]
    expect(JSON.stringify(documentOf(routes.toReversed()))).toBe(JSON.stringify(documentOf(routes)))
  })

  it('ends somewhere', () => {
    const many = Array.from({ length: MAX_OPERATIONS + 10 }, (_, index) => route('GET', `/r${index}`, 'f'))
    expect(Object.keys(documentOf(many).paths)).toHaveLength(MAX_OPERATIONS)
  })
})

describe('a format', () => {
  const documentWith = (request_format: unknown, response_format: unknown = request_format) =>
    documentOf([route('POST', '/a', 'f')], { f: { request_format, response_format } })
  const bodyOf = (document: Doc) => document.paths['/a']!['post'].requestBody.content['application/json'].schema

  it('with definitions and references of any draft stays whole', async () => {
    for (const definitions of ['$defs', 'definitions']) {
      const document = documentWith({
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        $id: 'urn:x',
        title: 'Request',
        $ref: `#/${definitions}/Request`,
        [definitions]: {
          Request: { type: 'object', properties: { body: { $ref: `urn:x#/${definitions}/Note` } } },
          Note: { type: 'object', properties: { next: { $ref: `#/${definitions}/Note` }, text: { type: 'string' } } },
        },
      })
      expect(await problemsOf(document)).toBe('none')
      expectReferences(document)
      expect(resolved(document, bodyOf(document)).properties.text).toEqual({ type: 'string' })
      expect(JSON.stringify(document)).not.toContain('$schema')
    }
  })

  it('of an older draft is written anew', async () => {
    const document = documentWith({
      $schema: 'http://json-schema.org/draft-07/schema#',
      items: [{ type: 'string' }, { minimum: 1, exclusiveMinimum: true, maximum: 9, exclusiveMaximum: false }],
      additionalItems: false,
    })
    expect(await problemsOf(document)).toBe('none')
    expect(resolved(document, bodyOf(document))).toEqual({
      prefixItems: [{ type: 'string' }, { exclusiveMinimum: 1, maximum: 9 }],
      items: false,
    })
  })

  it('whose references lead nowhere takes anything there', async () => {
    const document = documentWith({
      properties: {
        a: { $ref: '#/$defs/None' },
        b: { $ref: 'https://example.com/schema.json' },
        c: { $ref: '#/properties/d/items/0' },
        d: { items: [{}] },
        $schema: { type: 'string' },
      },
    })
    expect(await problemsOf(document)).toBe('none')
    const { properties } = resolved(document, bodyOf(document))
    for (const name of ['a', 'b', 'c']) expect(properties[name]).not.toHaveProperty('$ref')
    expect(properties.$schema).toEqual({ type: 'string' })
  })

  it('may have a member with the name of a reference, and values that look like one', () => {
    const format = { properties: { $ref: { type: 'string' }, a: { const: { $ref: '#/x' }, default: { $schema: 1 } } } }
    expect(resolved(documentWith(format), bodyOf(documentWith(format)))).toEqual(format)
  })

  it('has its definitions beside it, whatever they are called', async () => {
    const document = documentWith({
      properties: { a: { $ref: '#/$defs/a~1b%20c/items' }, b: { $ref: '#/$defs/a.b.c' } },
      $defs: { 'a/b c': { items: { const: 1 } }, 'a.b.c': { const: 2 } },
    })
    expect(await problemsOf(document)).toBe('none')
    const { properties } = resolved(document, bodyOf(document))
    expect(resolved(document, properties.a)).toEqual({ const: 1 })
    expect(resolved(document, properties.b)).toEqual({ const: 2 })
  })

  it.each([
    { type: 'strin' },
    { properties: [] },
    { required: 'x' },
    'a text',
    7,
    [],
    { enum: 'x'.repeat(MAX_FORMAT_CHARACTERS) },
    { pattern: 7 },
  ])('that is none is left out: %#', async (format) => {
    const document = documentWith(format)
    expect(await problemsOf(document)).toBe('none')
    expect(bodyOf(document)).toEqual({})
  })

  it('that is too deep is left out', () => {
    let deep: object = {}
    for (let depth = 0; depth < 1000; depth++) deep = { not: deep }
    expect(bodyOf(documentWith(deep))).toEqual({})
  })

  it('may have a property that is called __proto__', async () => {
    const schema = JSON.parse('{"type":"object","properties":{"__proto__":{"type":"string"}}}') as object
    const document = documentWith(schema)
    expect(await problemsOf(document)).toBe('none')
    expect(JSON.stringify(resolved(document, bodyOf(document)))).toBe(JSON.stringify(schema))
  })

  it('of any shape leaves the document valid', async () => {
    // The validator itself fails at a reference below a member that is called `__proto__`.
    const name = fc.constantFrom('properties', 'items', 'type', '$defs', 'required', 'anyOf', 'a', 'body')
    const reference = fc.constantFrom('#', '#/properties/a', '#/$defs/a', '#/items', '#/items/0', 'x', 'x#/a', 7)
    const { schema } = fc.letrec<{ schema: Record<string, unknown> }>((tie) => ({
      schema: fc
        .tuple(
          fc.option(reference, { freq: 2 }),
          fc.dictionary(
            name,
            fc.oneof(
              { maxDepth: 4, depthIdentifier: 'schema' },
              fc.constantFrom<unknown>('string', 'object', 7, true, ['a']),
              tie('schema'),
              fc.array(tie('schema'), { maxLength: 2, depthIdentifier: 'schema' }),
            ),
            { maxKeys: 4 },
          ),
        )
        .map(([$ref, members]) => ($ref === null ? members : { ...members, $ref })),
    }))
    await fc.assert(
      fc.asyncProperty(schema, async (schema) => {
        const document = documentWith(schema)
        expect(await problemsOf(document)).toBe('none')
        expectReferences(document)
      }),
      { numRuns: 60 },
    )
  })
})
