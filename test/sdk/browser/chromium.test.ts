// The SDK of pages in a real page (spec 08 §16, checks 30, 31, 38).
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type * as Sdk from '../../../browser.ts'
import { launchBrowser } from '../../examples/browser.ts'
import { Gate } from '../../examples/gate.ts'
import { lacks } from '../../support/needs.ts'
import { scriptedEngine } from '../../support/scripted-engine.ts'
import { sessionAnswerFor } from '../../support/session-rights.ts'
import { startCore } from '../../support/test-core.ts'
import { openSdkPage } from './page.ts'

declare const sdk: typeof Sdk

describe.skipIf(lacks('Chromium'))('a page (needs Chromium)', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchBrowser()
  })
  afterAll(() => browser?.close())

  it('registers, calls, serves and is bound over one connection, and ends it', async () => {
    const core = await startCore()
    const other = await core.connect()
    await other.provided('math::add', ({ a, b }: { a: number; b: number }) => a + b)
    const { page, lines } = await openSdkPage(browser)
    const states = await page.evaluate(async (url) => {
      const iii = sdk.registerWorker(url, { workerName: 'page' })
      const seen: string[] = []
      Object.assign(globalThis, { iii, seen })
      iii.addConnectionStateListener((state) => seen.push(state))
      iii.registerFunction({ id: 'page::echo' }, (data, metadata) => ({ data, metadata }))
      iii.registerTrigger({ type: 'nobodys', function_id: 'page::echo', config: {} })
      const sum = await iii.trigger<object, number>({ function_id: 'math::add', payload: { a: 2, b: 3 } })
      return [sum, ...seen]
    }, core.url())
    expect(states).toEqual([5, 'connecting', 'connected'])
    expect((await other.call('page::echo', ['ü'], { metadata: { m: 1 } })).result).toEqual({
      data: ['ü'],
      metadata: { m: 1 },
    })
    const { result } = await other.call('engine::workers::list', { search: 'page' })
    expect((result as { workers: object[] }).workers).toEqual([
      expect.objectContaining({ name: 'page', runtime: 'browser', os: expect.stringContaining('Chrome') }),
    ])
    await page.evaluate('iii.shutdown()')
    expect(await page.evaluate('seen.at(-1)')).toBe('disconnected')
    await expect.poll(async () => (await other.call('page::echo')).error?.code).toBe('function_not_found')
    expect(lines).toEqual([])
  })
  it('makes real UUIDs and connects with a query where the page has no crypto.randomUUID, and channels still work', async () => {
    const asked: unknown[] = []
    const core = await startCore({
      listeners: [{}, { rbac: { expose_functions: ['match("open::*")'] }, allowed_origins: ['*'] }],
      prepare: (host) =>
        host.seat('session-policy', ({ query_params, rbac }: any) => {
          asked.push(query_params)
          return sessionAnswerFor({}, rbac)
        }),
    })
    await (await core.connect()).provided('open::f', () => 'open')
    const { page, lines } = await openSdkPage(browser, 'delete Crypto.prototype.randomUUID')
    const seen = await page.evaluate(
      async (url) => {
        const iii = sdk.registerWorker(url, { headers: { 'x-token': 'ignored' } })
        const trigger = iii.registerTrigger({ type: 'nobodys', function_id: 'f', config: {} })
        const result = await iii.trigger({ function_id: 'open::f' })
        const { reader, writer } = await iii.createChannel()
        const whole = reader.readAll()
        writer.sendBinary(new Uint8Array(200_000).fill(7))
        writer.close()
        return { hasUuid: 'randomUUID' in crypto, id: trigger.id, result, bytes: (await whole).length }
      },
      `${core.url(1)}/?token=x`,
    )
    expect(seen).toEqual({
      hasUuid: false,
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
      result: 'open',
      bytes: 200_000,
    })
    expect(asked).toEqual([{ token: ['x'] }])
    expect(lines.filter((line) => !line.includes('Trigger registration failed'))).toEqual([])
  })

  it('writes and reads a megabyte over a channel, and waits for a reader that is slow', async () => {
    const core = await startCore()
    const { page } = await openSdkPage(browser)
    const result = await page.evaluate(async (url) => {
      const iii = sdk.registerWorker(url)
      const channel = await iii.createChannel()
      const bytes = new Uint8Array(1_000_000).map((_, index) => index % 251)
      channel.writer.sendMessage('first')
      channel.writer.sendBinary(bytes)
      const waiting = channel.writer.bufferedAmount
      channel.writer.close()
      const texts: string[] = []
      const reader = new sdk.ChannelReader(iii.address, channel.readerRef)
      reader.onMessage((text) => texts.push(text))
      const got = await reader.readAll()
      return { waiting, texts, isSame: got.every((byte, index) => byte === bytes[index]), length: got.length }
    }, core.url())
    expect(result).toEqual({ waiting: expect.any(Number), texts: ['first'], isSame: true, length: 1_000_000 })
    expect(result.waiting).toBeGreaterThan(0)
  })

  it('comes back by itself after a break with what it registered, and at once when the browser is online again', async () => {
    const core = await startCore()
    const gate = await Gate.to(core.listener().port)
    onTestFinished(() => gate.close())
    const observer = await core.connect()
    const { page } = await openSdkPage(browser)
    await page.evaluate((url) => {
      // Without the event it would wait for an hour.
      const iii = sdk.registerWorker(url, { reconnectionConfig: { initialDelayMs: 3_600_000, maxDelayMs: 3_600_000 } })
      iii.registerFunction('page::f', () => 'here')
      Object.assign(globalThis, { iii })
    }, gate.url)
    const served = async (): Promise<unknown> => (await observer.call('page::f')).result
    await expect.poll(served).toBe('here')
    gate.shut()
    await expect.poll(() => page.evaluate('iii.getConnectionState()')).toBe('reconnecting')
    gate.open()
    await page.evaluate('dispatchEvent(new Event("online"))')
    await expect.poll(served).toBe('here')
  })

  it('fails for good, without another attempt, when the engine has a worker of its name', async () => {
    const engine = await scriptedEngine()
    const { page } = await openSdkPage(browser)
    const failed = page.evaluate(async (url) => {
      const iii = sdk.registerWorker(url, { workerName: 'taken' })
      const error = await iii.trigger({ function_id: 'far::f' }).catch((thrown) => thrown)
      return { code: error.code, state: iii.getConnectionState(), fatal: iii.getFatalError()?.code }
    }, engine.url)
    const [socket] = await engine.sockets.take(1)
    await engine.frames[0]!.take(2)
    const code = 'WORKER_NAMESPACE_CONFLICT'
    socket!.send(JSON.stringify({ type: 'registrationrejected', code, namespace: 'default', owner_worker_id: 'w-0' }))
    expect(await failed).toEqual({ code, state: 'failed', fatal: code })
    await expect.poll(() => socket!.readyState).toBe(socket!.CLOSED)
    expect(engine.sockets.items).toHaveLength(1)
  })

  it('is a worker that is gone when its tab is closed', async () => {
    const core = await startCore()
    const observer = await core.connect()
    const { page } = await openSdkPage(browser)
    await page.evaluate((url) => {
      sdk.registerWorker(url).registerFunction('page::f', () => 'here')
    }, core.url())
    await expect.poll(async () => (await observer.call('page::f')).result).toBe('here')
    await page.close()
    await expect.poll(async () => (await observer.call('page::f')).error?.code).toBe('function_not_found')
  })
})
