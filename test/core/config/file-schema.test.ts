import { parse } from 'yaml'
import { describe, expect, test } from 'vitest'
import { configFileSchema } from '../../../core/config/file-schema.ts'
import { validateAgainstSchema } from '../../../base/values/schema-validation.ts'
import { ALL_NAMES } from '../../support/worker-names.ts'
import { starterText } from '../../../bin/starter-file.ts'

const SCHEMA = configFileSchema(
  {
    'iii-state': { type: 'object', properties: { adapter: {} }, additionalProperties: false },
    hello: { type: 'object', properties: { greeting: { type: 'string' } }, additionalProperties: false },
  },
  ALL_NAMES,
)

const accepts = (value: unknown): boolean => 'value' in validateAgainstSchema(SCHEMA, value)

describe('configFileSchema', () => {
  test.each<[unknown]>([
    [{}],
    [parse(starterText())],
    [{ workers: null, modules: [], engine: null }],
    [
      {
        workers: [
          { name: 'hello', config: { greeting: 'Hi' } },
          { name: 'state', config: null },
        ],
      },
    ],
    [{ workers: [{ name: 'somebody', config: { anything: 1 } }] }],
    [{ modules: [{ class: 'modules::state::StateModule' }] }],
  ])('accepts %o', (value) => {
    expect(accepts(value)).toBe(true)
  })

  test.each<[unknown]>([
    [{ workers: [{ config: {} }] }],
    [{ workers: [{ name: 'hello', config: { greetin: 'Hi' } }] }],
    [{ workers: [{ name: 'state', config: { adaptr: 1 } }] }],
    [{ modules: [{ name: 'iii-worker-manager', config: { port: 'x' } }] }],
    [{ workers: [{ name: 'x', isolatoin: 'thread' }] }],
    [{ engine: { gate: 1 } }],
  ])('refuses %o', (value) => {
    expect(accepts(value)).toBe(false)
  })
})
