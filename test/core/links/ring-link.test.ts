// A plugin in a real thread behind a ring link.
import { once } from 'node:events'
import { Worker as Thread } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Link } from '../../../core/model/link.ts'
import { RingTransport } from '../../../core/links/ring-link.ts'
import { Collector, within } from '../../support/deadline.ts'
import { PluginFixture } from './plugin-fixture.ts'
import { pluginLinkCases } from './plugin-link-cases.ts'

const FUNCTIONS = 14
let thread: Thread
let transport: RingTransport
let plugin: PluginFixture
let host: Collector<unknown>

beforeEach(async () => {
  host = new Collector()
  transport = new RingTransport((member, message) => host.add([member, message]), {
    ring_bytes: 64 * 1024,
    congested_frames: 1000,
  })
  plugin = new PluginFixture(transport, 0)
  const { init } = transport
  thread = new Thread(new URL('./threads/ring-thread.ts', import.meta.url), {
    workerData: init,
    transferList: [init.port],
  })
  await plugin.registered(FUNCTIONS)
})

afterEach(async () => {
  await thread.terminate()
  transport.close()
})

describe('a ring link', () => {
  pluginLinkCases(() => plugin)

  it('carries what host and thread have to say to each other', async () => {
    transport.sendHost(7, { type: 'start' })
    expect(await host.take(1)).toEqual([[7, { heard: { type: 'start' } }]])
  })

  it('keeps the members of a thread apart', async () => {
    const late = new PluginFixture(transport, 2)
    expect(() => transport.link(2, late)).toThrow('member 2 is in use')
    late.link.close(1000, '')
    expect(transport.link(2, late).open).toBe(true)
  })

  it('gives out call ids that are not in use', () => {
    plugin.worker.calls.add({ callId: 1 } as never)
    plugin.worker.calls.add({ callId: 2 } as never)
    expect(plugin.link.nextCallId({} as never)).toBe(3)
  })

  it('holds senders while too much waits, and lets them go when the plugin has read', async () => {
    const events = new Collector<string>()
    const sender = { pause: () => events.add('pause'), resume: () => events.add('resume') } as unknown as Link
    const outcomes = [plugin.invoke('spin', '50')]
    const payload = JSON.stringify('x'.repeat(1000))
    while (!plugin.link.congested) outcomes.push(plugin.invoke('echo', payload))
    plugin.link.throttle(sender)
    plugin.link.throttle(sender)
    expect(events.items).toEqual(['pause'])
    expect(await events.take(2)).toEqual(['pause', 'resume'])
    await Promise.all(outcomes)
    expect(plugin.link.congested).toBe(false)
    expect(events.items).toEqual(['pause', 'resume'])
  })

  it('counts answers that were in the ring when the thread ended', async () => {
    const answered = plugin.invoke('echo', '"before"')
    const lost = plugin.invoke('exit', 'null').catch(() => 'never answered')
    // The router's side is kept from reading until the thread is gone.
    const exited = once(thread, 'exit')
    await within(5_000, 'exit', exited)
    transport.drainRemaining()
    expect((await answered).result).toBe('"before"')
    expect(plugin.unanswered).toBe(1)
    expect(plugin.link.open).toBe(false)
    void lost
  })
})
