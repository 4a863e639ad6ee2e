// The SDK of pages in a real page (spec 08 §16, checks 30, 31, 38).
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type * as Sdk from '../../../browser.ts'
import { launchBrowser } from '../../examples/browser.ts'
import { lacks } from '../../support/needs.ts'
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
})
