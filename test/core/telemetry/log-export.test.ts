import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { collectGarbage } from '../../../base/process/collect-when-idle.ts'
import { cutText, MAX_BODY_CHARACTERS, MAX_DATA_CHARACTERS, readLogExport } from '../../../core/telemetry/log-export.ts'

const text = (value: string) => ({ stringValue: value })
const attribute = (key: string, value: unknown) => ({ key, value })

/** An export of one record. */
function exported(record: object, service: string | null = 'iii-node'): string {
  const attributes = service === null ? [] : [attribute('service.name', text(service))]
  return JSON.stringify({ resourceLogs: [{ resource: { attributes }, scopeLogs: [{ logRecords: [record] }] }] })
}

const read = (record: object, service?: string | null) => readLogExport(exported(record, service))[0]!

describe('the export of a worker', () => {
  it('has level, text, data, trace and service', () => {
    const kvlistValue = {
      values: [attribute('a', { intValue: 1 }), attribute('list', { arrayValue: { values: [{}, text('x')] } })],
    }
    expect(
      read({
        severityNumber: 13,
        body: text('uh'),
        traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
        spanId: '00f067aa0ba902b7',
        attributes: [
          attribute('log.data', { kvlistValue }),
          attribute('service.name', text('mine')),
          attribute('n', { intValue: '7' }),
        ],
      }),
    ).toEqual({
      level: 'warn',
      body: 'uh',
      data: { a: 1, list: [null, 'x'] },
      attributes: { n: 7 },
      service: 'mine',
      traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
      spanId: '00f067aa0ba902b7',
    })
  })

  it.each([
    [{ severityNumber: 1 }, 'trace'],
    [{ severityNumber: 5 }, 'debug'],
    [{ severityNumber: '9' }, 'info'],
    [{ severityNumber: 16 }, 'warn'],
    [{ severityNumber: 17 }, 'error'],
    [{ severityNumber: 24 }, 'error'],
    [{ severityNumber: 0, severityText: 'WARNING' }, 'warn'],
    [{ severityText: 'Fatal' }, 'error'],
    [{}, 'info'],
    [{ severityNumber: {}, severityText: 5 }, 'info'],
  ])('%j is of level %s', (severity, level) => {
    expect(read({ ...severity, body: text('x') }).level).toBe(level)
  })

  it('takes the trace from the attributes where the record has none', () => {
    const attributes = [attribute('trace_id', text('t1')), attribute('span_id', text('s1'))]
    expect(read({ traceId: '00000000000000000000000000000000', spanId: '', attributes })).toMatchObject({
      traceId: 't1',
      spanId: 's1',
      attributes: undefined,
    })
  })

  it('is cut where it is long, and has no colours and no secrets', () => {
    const { body } = read({ body: text(`\u001b[31mred\u001b[0m ${'x'.repeat(MAX_BODY_CHARACTERS)}`) })
    expect(body).toMatch(/^red x+…\[truncated\]$/)
    expect(body.length).toBeLessThan(MAX_BODY_CHARACTERS + 20)
    const { data } = read({ attributes: [attribute('log.data', text('y'.repeat(MAX_DATA_CHARACTERS)))] })
    expect(data).toMatch(/^"y+…\[truncated\]$/)
    const kvlistValue = { values: [attribute('Authorization', text('Bearer x')), attribute('ok', text('y'))] }
    expect(read({ attributes: [attribute('log.data', { kvlistValue })] }).data).toEqual({
      Authorization: '[REDACTED]',
      ok: 'y',
    })
  })

  it('has a bound for nesting, and no member reaches a prototype', () => {
    let value: object = text('deep')
    for (let depth = 0; depth < 200; depth++) value = { kvlistValue: { values: [attribute('__proto__', value)] } }
    const { data } = read({ attributes: [attribute('log.data', value)] })
    expect(JSON.stringify(data)).toContain('truncated')
    expect(({} as { deep?: unknown }).deep).toBeUndefined()
  })

  it('may be anything', () => {
    fc.assert(
      fc.property(fc.json(), fc.object({ maxDepth: 4 }), (json, record) => {
        for (const { level, body } of [...readLogExport(json), ...readLogExport(exported(record, null))]) {
          expect(level).toMatch(/^(trace|debug|info|warn|error)$/)
          expect(typeof body).toBe('string')
        }
      }),
    )
    expect(() => readLogExport('{bad')).toThrow(SyntaxError)
  })
})

it('keeps nothing of a text but what is left after the cut', () => {
  const used = (): number => {
    collectGarbage()
    return process.memoryUsage().heapUsed
  }
  const before = used()
  const cut = Array.from({ length: 20 }, (_, index) => cutText(String(index).padEnd(4_000_000, '.'), 120))
  expect(used() - before).toBeLessThan(20_000_000)
  expect(cut[7]).toBe(`7${'.'.repeat(119)}…[truncated]`)
})
