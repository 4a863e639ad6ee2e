// A plugin in a real process of a tinypool behind a pipe link.
import { fileURLToPath } from 'node:url'
import { Tinypool } from 'tinypool'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { PipeTransport } from '../../../core/links/pipe-link.ts'
import { Collector, within } from '../../support/deadline.ts'
import { PluginFixture } from './plugin-fixture.ts'
import { pluginLinkCases } from './plugin-link-cases.ts'

let pool: Tinypool
let transport: PipeTransport
let plugin: PluginFixture
let host: Collector<unknown>
let ended: Promise<unknown>

beforeEach(async () => {
  host = new Collector()
  transport = new PipeTransport((member, message) => host.add([member, message]))
  plugin = new PluginFixture(transport, 0)
  pool = new Tinypool({
    runtime: 'child_process',
    serialization: 'advanced',
    filename: fileURLToPath(new URL('./threads/pipe-task.ts', import.meta.url)),
    minThreads: 0,
    maxThreads: 1,
  })
  ended = pool.run(undefined, { channel: transport.channel }).catch((error: unknown) => error)
  await plugin.registered(14)
})

afterEach(async () => {
  await pool.destroy()
  await ended
})

describe('a pipe link', () => {
  pluginLinkCases(() => plugin)

  it('carries what host and process have to say to each other', async () => {
    transport.sendHost(0, { type: 'start' })
    expect(await host.take(1)).toEqual([[0, { heard: { type: 'start' } }]])
  })

  it('settles the task of the pool when the process ends', async () => {
    void plugin.invoke('exit', 'null').catch(() => 'never answered')
    expect(await within(5_000, 'the end of the task', ended)).toBeInstanceOf(Error)
    expect(transport.open).toBe(false)
    expect(plugin.link.open).toBe(false)
  })
})
