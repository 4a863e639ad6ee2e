// Which requests are held against which formats, as functions change.
import { describe, expect, it } from 'vitest'
import type { Route } from '../../../../plugins/http/exchange/route.ts'
import {
  FRESH_MS,
  MAX_VALIDATORS,
  RequestValidation,
} from '../../../../plugins/http/extras/validation/request-validation.ts'
import type { ApiRequest } from '../../../../plugins/http/request/api-request.ts'
import type { Handle } from '../../../../sdk/plugin.ts'
import { ManualClock } from '../../../../testing/index.ts'
import { collectingLog } from '../../../support/collecting-log.ts'

const REQUEST = { method: 'POST', headers: { 'content-type': 'application/json' } } as unknown as ApiRequest
const NUMBER = { type: 'number' }

function scene() {
  const formats = new Map<string, unknown>()
  const asked: string[] = []
  let failure: Error | undefined
  const iii = {
    async trigger({ payload }: { payload: { function_ids: string[]; namespace: string } }) {
      const key = `${payload.namespace} ${payload.function_ids[0]}`
      asked.push(key)
      if (failure !== undefined) throw failure
      return { functions: [formats.has(key) ? { request_schema: formats.get(key) } : { error: 'not_found' }] }
    },
  } as unknown as Pick<Handle, 'trigger'>
  const clock = new ManualClock()
  const log = collectingLog()
  const validation = new RequestValidation({ iii, log, clock })
  return {
    formats,
    asked,
    clock,
    log,
    fail: (error: Error | undefined) => (failure = error),
    status: async (functionId: string, body: string, namespace?: string) =>
      (await validation.check(REQUEST, { functionId, namespace } as Route, body))?.status,
  }
}

describe('a format', () => {
  it('is asked for once in a while', async () => {
    const { formats, asked, clock, status } = scene()
    formats.set('default f', NUMBER)
    expect(await Promise.all([status('f', '"x"'), status('f', '1')])).toEqual([422, undefined])
    expect(await status('f', '"x"')).toBe(422)
    expect(asked).toEqual(['default f'])
    formats.set('default f', { type: 'string' })
    clock.move(FRESH_MS)
    expect(await status('f', '"x"')).toBeUndefined()
    expect(asked).toHaveLength(2)
  })

  it('is that of the route’s namespace', async () => {
    const { formats, status } = scene()
    formats.set('n1 f', NUMBER)
    expect(await status('f', '"x"', 'n1')).toBe(422)
    expect(await status('f', '"x"')).toBeUndefined()
  })

  it('that can not be checked against lets everything through, and is told once', async () => {
    const { formats, clock, log, status } = scene()
    formats.set('default f', { type: 'strin' })
    expect(await status('f', '1')).toBeUndefined()
    clock.move(FRESH_MS)
    expect(await status('f', '1')).toBeUndefined()
    expect(log.lines.map(({ message }) => message)).toEqual([
      "The request_format of f can't be checked against, its requests are not: it is no JSON Schema",
    ])
  })

  it('counts on while the engine does not answer', async () => {
    const { formats, asked, clock, log, fail, status } = scene()
    formats.set('default f', NUMBER)
    expect(await status('f', '"x"')).toBe(422)
    clock.move(FRESH_MS)
    fail(new Error('no answer'))
    for (let count = 0; count < 2; count++) {
      expect(await status('f', '"x"')).toBe(422)
      expect(await status('g', '"x"')).toBeUndefined()
    }
    expect(asked).toEqual(['default f', 'default f', 'default g'])
    expect(log.lines[0]!.message).toContain('the one from before counts: no answer')
    fail(undefined)
    expect(await status('f', '1')).toBeUndefined()
  })

  it('is forgotten when too many others are used', async () => {
    const { asked, status } = scene()
    for (let index = 0; index <= MAX_VALIDATORS; index++) await status(`f${index}`, '1')
    await status(`f${MAX_VALIDATORS}`, '1')
    expect(asked).toHaveLength(MAX_VALIDATORS + 1)
    await status('f0', '1')
    expect(asked).toHaveLength(MAX_VALIDATORS + 2)
  })
})

describe('what can not be checked is not let through', () => {
  it.each([
    ['a pattern', { pattern: '^(a+)+$' }, JSON.stringify(`${'a'.repeat(60)}b`)],
    ['unique items', { uniqueItems: true }, JSON.stringify(Array.from({ length: 200_000 }, (_, index) => [index]))],
    [
      'branches',
      { anyOf: ['x', 'y'].map((name) => ({ required: [name], properties: { a: { $ref: '#' } } })) },
      `${'{"a":'.repeat(60)}{}${',"y":1}'.repeat(60)}`,
    ],
  ])('since %s would take too long', async (_what, format, body) => {
    const { formats, status, log } = scene()
    formats.set('default f', format)
    expect(await status('f', body)).toBe(422)
    expect(await status('f', body)).toBe(422)
    // The second one is told of where a second has passed.
    expect(new Set(log.lines.map(({ message }) => message))).toEqual(
      new Set([expect.stringContaining('it takes too long')]),
    )
  })

  it('since it is nested too deep', async () => {
    const { formats, status, log } = scene()
    formats.set('default f', { type: 'array', items: { $ref: '#' } })
    expect(await status('f', `${'['.repeat(100_000)}${']'.repeat(100_000)}`)).toBe(422)
    expect(log.lines.map(({ message }) => message)).toEqual([expect.stringContaining('nested too deep')])
    expect(await status('f', '[[]]')).toBeUndefined()
  })
})
