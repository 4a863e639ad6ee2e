// What the reference says by hand about plugins, state and diagnostics, held against the code: names in both directions.
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { ENTRY_SCHEMA } from '../../core/config/entry-schema.ts'
import { pluginFunctions } from '../../core/host/plugin-functions.ts'
import type { PluginHost } from '../../core/host/plugin-host.ts'
import { UPDATE_OPERATION_TYPES } from '../../kit/update/operation.ts'
import { SEATS } from '../../protocol/seats.ts'
import { STATE_TRIGGER_TYPE } from '../../plugins/state/trigger.ts'
import { about as QUEUE } from '../../plugins/queue/about.ts'
import { SUBSCRIBER_TRIGGER_TYPES } from '../../plugins/queue/topics/trigger.ts'
import { QUEUE_METRICS } from '../../plugins/queue/watch/metrics.ts'
import { about as STREAM } from '../../plugins/stream/about.ts'
import { STREAM_TRIGGER_TYPE } from '../../plugins/stream/trigger.ts'
import { namesAfter } from './page-tables.ts'
import { ROOT } from './snippets.ts'

const sources = globSync('{bin,core,protocol,sdk,kit,plugins,bench}/**/*.{ts,mjs}', { cwd: ROOT }).map((file) =>
  readFileSync(path.join(ROOT, file), 'utf8'),
)

describe('plugins.md', () => {
  const page = 'docs/reference/plugins.md'
  // Their descriptions alone are looked at: no handler runs.
  const functions = pluginFunctions({} as PluginHost)

  it('has every key of an entry that tunes a plugin', () => {
    const others = ['name', 'class', 'worker_path', 'image', 'type', 'version']
    const keys = Object.keys(ENTRY_SCHEMA['properties'] as object).filter((key) => !others.includes(key))
    expect(namesAfter(page, '## Entry keys').sort()).toEqual(keys.sort())
  })

  it('has every state', () => {
    const input = functions.get('engine::plugins::list')?.request_format
    expect(input).toMatchObject({ properties: { state: { enum: namesAfter(page, '## States') } } })
  })

  it('has every reason of stale', () => {
    const source = readFileSync(path.join(ROOT, 'core/host/table/refusals.ts'), 'utf8')
    const declared = /type StaleReason = (.+)$/m.exec(source)?.[1] ?? ''
    const reasons = [...declared.matchAll(/'([a-z_]+)'/g)].map(([, reason]) => reason)
    expect(namesAfter(page, '| reason | why |')).toEqual(reasons)
  })

  it('has every function of engine::plugins', () => {
    expect(namesAfter(page, '## engine::plugins::*')).toEqual([...functions.keys()])
  })

  it('has every seat with its function', () => {
    expect(namesAfter(page, '## Seats')).toEqual(Object.keys(SEATS))
    const text = readFileSync(path.join(ROOT, page), 'utf8')
    for (const [seat, id] of Object.entries(SEATS)) expect(text).toContain(`| \`${seat}\` | \`${id}\` |`)
  })
})

describe('state.md', () => {
  const page = 'docs/reference/state.md'

  it('has every update operation', () => {
    expect(namesAfter(page, '## Update operations')).toEqual(UPDATE_OPERATION_TYPES)
  })

  it('has every member of the config of a state trigger', () => {
    const { properties } = STATE_TRIGGER_TYPE.trigger_request_format as { properties: object }
    expect(namesAfter(page, '## The trigger type state')).toEqual(Object.keys(properties))
  })
})

describe('queue.md', () => {
  const page = 'docs/reference/queue.md'
  const { properties } = SUBSCRIBER_TRIGGER_TYPES[0].trigger_request_format as {
    properties: { queue_config: { properties: object } }
  }

  it('has every member of the config of a subscriber', () => {
    const section = '## The trigger types durable:subscriber and queue'
    expect(namesAfter(page, section).sort()).toEqual(Object.keys(properties).sort())
  })

  it('has every member of its queue_config', () => {
    expect(namesAfter(page, '| `queue_config` | meaning |').sort()).toEqual(
      Object.keys(properties.queue_config.properties).sort(),
    )
  })

  it('has every figure', () => {
    const text = readFileSync(path.join(ROOT, page), 'utf8')
    const section = text.slice(text.indexOf('## Figures'), text.indexOf('## Settings'))
    for (const name of QUEUE_METRICS)
      expect(section).toContain(name.replace(/^iii\.queue(?=\.(?!enqueued|depth|wait|handle))/, ''))
  })

  it('names what a wildcard of a session does not reach', () => {
    const text = readFileSync(path.join(ROOT, page), 'utf8').replaceAll('\n  ', ' ')
    const line = text.split('\n').find((each) => each.includes('a wildcard does not reach')) ?? ''
    for (const id of QUEUE.exactGrants) expect(line).toContain(`\`${id}\``)
  })
})

describe('stream.md', () => {
  const page = 'docs/reference/stream.md'

  it('has every member of the config of a stream trigger', () => {
    const { properties } = STREAM_TRIGGER_TYPE.trigger_request_format as { properties: object }
    expect(namesAfter(page, '## The trigger type stream')).toEqual(Object.keys(properties))
  })

  it('has every code of the worker', () => {
    const text = readFileSync(path.join(ROOT, page), 'utf8')
    const codes = Object.keys(STREAM.errors).filter((code) => code !== 'DESERIALIZATION_ERROR')
    for (const code of codes) expect(text).toContain(`\`${code}\``)
  })
})

describe('diagnostics.md', () => {
  const page = 'docs/reference/diagnostics.md'

  it('has every variable of the environment that the code names', () => {
    const named = sources.flatMap((text) => text.match(/\b(?:III|IIIWORKER)_[A-Z_]*[A-Z]\b/g) ?? [])
    // `${NAME:__III_ENGINE_VERSION__}` is no variable but a default.
    const variables = new Set(named.filter((name) => name !== 'III_ENGINE_VERSION').concat('NO_COLOR'))
    expect(new Set(namesAfter(page, '## Environment'))).toEqual(variables)
  })

  it('has every diagnostics channel', () => {
    const published = sources.flatMap((text) =>
      [...text.matchAll(/= guardedChannel\('(iii:[a-z]+)'\)/g)].map(([, name]) => name),
    )
    expect(namesAfter(page, '## Channels').sort()).toEqual(published.sort())
  })
})
