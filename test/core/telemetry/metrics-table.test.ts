// Names, kinds and units of the engine's figures: in one table, which the reference page shows, and each with a value.
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { METRICS } from '../../../core/telemetry/metrics-table.ts'
import { makeRouter } from '../router/test-router.ts'

it('docs/reference/diagnostics.md shows every figure as the table has it', () => {
  const page = readFileSync(new URL('../../../docs/reference/diagnostics.md', import.meta.url), 'utf8')
  const rows = page.split('\n').filter((line) => line.startsWith('| `iii.'))
  const expected = Object.entries(METRICS).map(([name, about]) => {
    const condition = 'observed' in about ? '; kept only while calls are observed' : ''
    return `| \`${name}\` | ${about.kind} | \`${about.unit}\` | ${about.meaning}${condition} |`
  })
  expect(rows).toEqual(expected)
})

it('every figure has a value', () => {
  const { telemetry } = makeRouter()
  telemetry.turnOn()
  // What a router without seats does not know.
  const elsewhere = ['iii.telemetry.frames.dropped']
  expect(Object.keys(telemetry.snapshot()).sort()).toEqual(
    Object.keys(METRICS)
      .filter((name) => !elsewhere.includes(name))
      .sort(),
  )
})
