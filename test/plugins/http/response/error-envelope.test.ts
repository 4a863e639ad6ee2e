// The answers of the engine itself (spec 06 A.10), in both shapes.
import { describe, expect, it } from 'vitest'
import type { Answer } from '../../../../plugins/http/response/answer.ts'
import { createErrorId, ErrorAnswers } from '../../../../plugins/http/response/error-envelope.ts'

const answers = new ErrorAnswers()
const legacy = new ErrorAnswers('legacy')
const JSON_TYPE = ['content-type', 'application/json']

function seen({ status, headers, body }: Answer): unknown {
  return [status, headers, body === '' ? '' : (JSON.parse(body as string) as unknown)]
}

describe('an answer', () => {
  it('of no route', () => {
    expect(seen(answers.notFound())).toEqual([404, [JSON_TYPE], { error: { code: 'NOT_FOUND', message: 'Not Found' } }])
    expect(seen(legacy.notFound())).toEqual([404, [], ''])
  })

  it('of a wrong method names the right ones', () => {
    for (const shape of [answers, legacy])
      expect(seen(shape.methodNotAllowed(['GET', 'HEAD']))).toEqual([405, [['allow', 'GET, HEAD']], ''])
  })

  it('of a bad request is a text', () => {
    expect(answers.badRequest('why')).toEqual({
      status: 400,
      headers: [['content-type', 'text/plain; charset=utf-8']],
      body: 'why',
    })
  })

  it('of a condition says that it was skipped', () => {
    const message = 'Request condition not met'
    const error = { code: 'CONDITION_NOT_MET', message }
    expect(seen(answers.conditionNotMet())).toEqual([422, [JSON_TYPE], { error, skipped: true }])
    expect(seen(legacy.conditionNotMet())).toEqual([422, [JSON_TYPE], { error: message, skipped: true }])
  })

  it('of a function has its code, its message and an id', () => {
    const failure = { code: 'invocation_failed', message: 'boom' }
    const failed = answers.functionFailed(failure)
    expect(failed.errorId).toMatch(/^[0-9a-f]{12}$/)
    expect(seen(failed)).toEqual([500, [JSON_TYPE], { error: { ...failure, error_id: failed.errorId } }])
    const old = legacy.functionFailed(failure)
    expect(seen(old)).toEqual([500, [JSON_TYPE], { error: 'boom', error_id: old.errorId }])
  })

  it('of a fault of the engine tells nothing of it', () => {
    const message = 'internal server error'
    const fault = answers.internalError()
    const error = { code: 'INTERNAL_ERROR', message, error_id: fault.errorId }
    expect(seen(fault)).toEqual([500, [JSON_TYPE], { error }])
    const old = legacy.internalError()
    expect(seen(old)).toEqual([500, [JSON_TYPE], { error: message, error_id: old.errorId }])
  })

  it('of a time-out has no id', () => {
    const message = 'Middleware timeout'
    expect(seen(answers.middlewareTimeout())).toEqual([
      504,
      [JSON_TYPE],
      { error: { code: 'MIDDLEWARE_TIMEOUT', message } },
    ])
    expect(seen(legacy.middlewareTimeout())).toEqual([504, [JSON_TYPE], { error: message }])
    expect(seen(answers.requestTimeout(300))).toEqual([
      504,
      [JSON_TYPE],
      { error: { code: 'TIMEOUT', message: 'The request was not answered within 300 ms' } },
    ])
    expect(seen(legacy.requestTimeout(300))).toEqual([504, [], ''])
  })

  it('of a body that is too large says what is allowed', () => {
    const message = 'The body is larger than 10 bytes'
    expect(seen(answers.bodyTooLarge(10))).toEqual([
      413,
      [JSON_TYPE],
      { error: { code: 'PAYLOAD_TOO_LARGE', message } },
    ])
    expect(seen(legacy.bodyTooLarge(10))).toEqual([413, [JSON_TYPE], { error: message }])
  })
})

it('gives each failure an id of its own', () => {
  expect(new Set(Array.from({ length: 1000 }, createErrorId)).size).toBe(1000)
})
