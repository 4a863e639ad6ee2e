import { expect, it } from 'vitest'
import { createLog, type LogOptions } from '../../core/log.ts'

function logged(options: LogOptions) {
  const lines: string[] = []
  return { lines, log: createLog({ ...options, write: (line) => lines.push(line) }) }
}

it('writes one JSON object per line with level, time, message and fields', () => {
  const { lines, log } = logged({ pretty: false, env: {} })
  log.child({ plugin: 'hello' }).warn('slow', { ms: 5 })
  expect(JSON.parse(lines[0]!)).toEqual({
    level: 'warn',
    time: expect.stringMatching(/^\d{4}-.*Z$/),
    plugin: 'hello',
    ms: 5,
    msg: 'slow',
  })
})

it('writes short lines for people, without what could steer the terminal', () => {
  const { lines, log } = logged({ pretty: true, env: {} })
  log.info('hello \u001b[2J', { port: 1, name: 'x', at: { a: 1 } })
  log.error('failed', new Error('disk full'))
  expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d\.\d{3} info {2}hello {2}port=1 name=x at=\{"a":1\}\n$/)
  expect(lines[1]).toMatch(/error failed error=disk full\n$/)
})

it('takes its level from III_LOG, info without it; a level that does not exist is refused', () => {
  const levels = (env: NodeJS.ProcessEnv) => {
    const { lines, log } = logged({ pretty: false, env })
    for (const level of ['trace', 'debug', 'info', 'warn', 'error'] as const) log[level](level)
    return lines.map((line) => JSON.parse(line).level)
  }
  expect(levels({})).toEqual(['info', 'warn', 'error'])
  expect(levels({ III_LOG: 'DEBUG' })).toEqual(['debug', 'info', 'warn', 'error'])
  expect(() => levels({ III_LOG: 'debgu' })).toThrow(/III_LOG takes trace, .*, not 'debgu'\. Did you mean 'debug'\?$/)
  expect(levels({ III_LOG: 'silent' })).toEqual([])
})

it('takes data that is no object as the field data', () => {
  const { lines, log } = logged({ pretty: false, env: {} })
  log.info('list', [1, 2])
  log.info('number', 5)
  expect(lines.map((line) => JSON.parse(line).data)).toEqual([[1, 2], 5])
})
