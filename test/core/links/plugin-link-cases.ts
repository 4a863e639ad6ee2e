// What ring and pipe links have in common, as one suite of cases.
import { expect, it } from 'vitest'
import type { ChannelRef } from '../../../core/model/channel-ref.ts'
import { OfferRefusal } from '../../../protocol/offer-refusal.ts'
import { CHANNEL_WINDOW_BYTES, CreditReturn, CreditWindow } from '../../../protocol/ring/credit.ts'
import { within } from '../../support/deadline.ts'
import type { PluginFixture } from './plugin-fixture.ts'

export function pluginLinkCases(fixture: () => PluginFixture): void {
  it('brings calls to handlers and answers back', async () => {
    const plugin = fixture()
    expect(await plugin.invoke('echo', '{"text":"é\\n"}')).toEqual({ result: '{"text":"é\\n"}', error: undefined })
    expect(await plugin.invoke('echo-later', '[1,2]')).toEqual({ result: '[1,2]', error: undefined })
    expect(await plugin.invoke('echo', '"by id"', { byId: true })).toEqual({ result: '"by id"', error: undefined })
  })

  it('brings the text of the payload to a raw handler', async () => {
    const exact = '[1.0, {"é":9007199254740993}]'
    expect((await fixture().invoke('raw', exact)).result).toBe(JSON.stringify({ json: exact }))
    expect((await fixture().invoke('raw', 'null')).result).toBe('{"json":"null"}')
  })

  it.each(['{"n":1,}', '[01]', 'tru', ' ', '{"a":1} x', `{"text":"${'x'.repeat(200)}","n":+1}`])(
    'lets no text out that is no JSON: %s',
    async (text) => {
      const plugin = fixture()
      const before = plugin.seen.items.length
      expect((await plugin.invoke('as-it-is', JSON.stringify(text))).error).toMatchObject({ code: 'invalid_message' })
      const { error } = await plugin.invoke('call-as-it-is', JSON.stringify(text))
      expect(error).toMatchObject({ message: expect.stringContaining('invalid_message') as string })
      expect(plugin.seen.items.length).toBe(before)
    },
  )

  it('lets white space around a text out', async () => {
    expect((await fixture().invoke('as-it-is', '" [1] \\n"')).result).toBe(' [1] \n')
  })

  it('tells no value from null', async () => {
    expect((await fixture().invoke('nothing', 'null')).result).toBeUndefined()
    expect((await fixture().invoke('echo', 'null')).result).toBe('null')
  })

  it('brings errors back with code, message and stack', async () => {
    const { result, error } = await fixture().invoke('fail', 'null')
    expect(result).toBeUndefined()
    expect(error).toMatchObject({
      code: 'invocation_failed',
      message: 'on purpose',
      stacktrace: expect.stringContaining('on purpose') as string,
    })
  })

  it('brings back what a stopping plugin has not run, and takes no failure of a handler for that', async () => {
    const plugin = fixture()
    expect((await plugin.invoke('fail', 'null')).error).toMatchObject({ code: 'invocation_failed' })
    const underWay = plugin.invoke('echo-later', '"begun"')
    await plugin.invoke('pass-on', 'null')
    expect((await underWay).result).toBe('"begun"')
    expect(plugin.givenBack).toEqual([])
    expect((await plugin.invoke('echo', '"late"')).error).toMatchObject({ code: 'plugin_unavailable' })
    expect(plugin.givenBack).toHaveLength(1)
  })

  it.each([
    ['{"a":1}', '{"a":1,"_caller_worker_id":"w"}'],
    ['{}', '{"_caller_worker_id":"w"}'],
    ['{"_caller_worker_id":"forged"}', '{"_caller_worker_id":"w"}'],
    ['[1]', '[1]'],
    ['"{}"', '"{}"'],
  ])('adds the caller to %s', async (data, seen) => {
    expect((await fixture().invoke('echo', data, { callerWorkerId: 'w' })).result).toBe(seen)
  })

  it('brings metadata and trace context along', async () => {
    const plugin = fixture()
    const metadata = Buffer.from('{"m":[1]}')
    expect((await plugin.invoke('metadata', 'null', { metadata, traceparent: '00-t', baggage: 'a=b' })).result).toBe(
      '{"m":[1]}',
    )
    expect((await plugin.invoke('metadata', 'null', { metadata })).result).toBe('{"m":[1]}')
    await plugin.invoke('call', '{"function_id":"x"}', { traceparent: '00-t' })
    expect(plugin.seen.items.at(-1)?.call.traceparent).toBe('00-t')
  })

  it('brings calls of the plugin to the router with all that goes beside them', async () => {
    const plugin = fixture()
    plugin.answer = (call) => plugin.link.answer(call, Buffer.from('{"answer":42}'), undefined, false)
    const request = {
      function_id: 'some::thing',
      payload: { p: 1 },
      metadata: { m: 1 },
      namespace: 'n',
      action: { type: 'enqueue', queue: 'q' },
      binding: 'b',
      baggage: 'x=y',
    }
    expect((await plugin.invoke('call', JSON.stringify(request))).result).toBe('{"answer":42}')
    const seen = plugin.seen.items.at(-1)!
    expect(seen).toMatchObject({ data: '{"p":1}', metadata: '{"m":1}', action: { type: 'enqueue', queue: 'q' } })
    expect(seen.call).toMatchObject({
      functionId: 'some::thing',
      namespace: 'n',
      binding: 'b',
      baggage: 'x=y',
      caller: plugin.worker,
    })
  })

  it('gives a call without payload null, and a void call no one to answer', async () => {
    const plugin = fixture()
    await plugin.invoke('call', '{"function_id":"v","action":{"type":"void"}}')
    expect(plugin.seen.items.at(-1)).toMatchObject({ data: 'null', call: { invocationId: undefined } })
  })

  it('brings one payload to the functions of many bindings, and tells how each of the calls has ended', async () => {
    const plugin = fixture()
    const bindings = Array.from({ length: 600 }, (_, place) => ({
      id: `b${place}`,
      function_id: `f${place % 7}`,
      config: {},
    }))
    const first = { ...bindings[0]!, namespace: 'n', metadata: { m: 9 } }
    const error = Buffer.from('{"code":"NOT_FOUND","message":"no"}')
    plugin.answer = (call) => {
      const fails = call.functionId === 'f3'
      plugin.link.answer(call, fails ? undefined : Buffer.from('"unread"'), fails ? error : undefined, fails)
    }
    for (const payload of [{ p: 1 }, { p: 2 }]) {
      const before = plugin.seen.items.length
      const input = { bindings: [first, ...bindings.slice(1)], payload }
      const { result } = await plugin.invoke('fan-out', JSON.stringify(input))
      const expected = bindings.map(({ function_id: id }) => (id === 'f3' ? ['NOT_FOUND', 'f3', true] : 'done'))
      expect(JSON.parse(result ?? 'null')).toEqual(expected)
      const seen = plugin.seen.items.slice(before)
      expect(seen.map(({ call }) => call.binding)).toEqual(bindings.map(({ id }) => id))
      expect(seen[0]).toMatchObject({ call: { functionId: 'f0', namespace: 'n' }, metadata: '{"m":9}' })
      expect(seen[1]).toMatchObject({ call: { functionId: 'f1', namespace: 'default' }, metadata: undefined })
      expect(new Set(seen.map(({ data }) => data))).toEqual(new Set([JSON.stringify(payload)]))
    }
  })

  it('lets no text out to many functions that is no JSON', async () => {
    const plugin = fixture()
    const bindings = [1, 2].map((n) => ({ id: `b${n}`, function_id: `f${n}`, config: {} }))
    const { result } = await plugin.invoke('fan-out', JSON.stringify({ bindings, payload: { text: '{"n":1,}' } }))
    expect(JSON.parse(result ?? 'null')).toEqual([1, 2].map((n) => ['invalid_message', `f${n}`, true]))
    expect(plugin.seen.items).toEqual([])
  })

  it('brings an error to the plugin that called', async () => {
    const plugin = fixture()
    plugin.answer = (call) =>
      plugin.link.answer(call, undefined, Buffer.from('{"code":"NOT_FOUND","message":"no"}'), false)
    expect((await plugin.invoke('call', '{"function_id":"x"}')).error).toMatchObject({ message: 'NOT_FOUND: no' })
  })

  it('carries payloads of some megabytes, in order with small ones', async () => {
    const plugin = fixture()
    const sizes = [10, 3_000_000, 10, 400_000, 10]
    const outcomes = sizes.map((size) => plugin.invoke('echo', JSON.stringify('x'.repeat(size))))
    expect((await Promise.all(outcomes)).map(({ result }) => result?.length)).toEqual(sizes.map((size) => size + 2))
  })

  it('carries a channel from a reader to a writer, larger than its window', async () => {
    const plugin = fixture()
    const total = 4 * CHANNEL_WINDOW_BYTES
    const ref = (direction: string) => ({ channel_id: 'c', access_key: 'k', direction })
    const done = plugin.invoke('copy', JSON.stringify({ from: ref('read'), to: ref('write') }))
    const [opened] = await plugin.channels.take(1)
    expect(opened).toMatchObject({ kind: 'open', ref: ref('read') })
    const readEnd = opened!.end
    const credit = new CreditWindow()
    const returned = new CreditReturn()
    let sent = 0
    let received = 0
    for (let at = 1; received < total;) {
      while (credit.open && sent < total) {
        plugin.link.channelBinary(readEnd, Buffer.alloc(10_000, 5))
        credit.spend(10_000)
        sent += 10_000
        if (sent >= total) plugin.link.channelClose(readEnd, 1000, 'stream_complete')
      }
      const events = await plugin.channels.take(at + 1, 10_000)
      for (; at < events.length; at++) {
        const event = events[at]!
        if (event.kind === 'credit') credit.grant(event.bytes)
        if (event.kind !== 'binary') continue
        received += event.bytes.length
        const granted = returned.take(event.bytes.length)
        if (granted > 0) plugin.link.channelCredit(event.end, granted)
      }
    }
    await within(10_000, 'the copy', done)
    expect(received).toBe(sent)
    const closes = () => plugin.channels.items.filter(({ kind }) => kind === 'close')
    await expect.poll(closes, { timeout: 5_000 }).toMatchObject([{ code: 1000 }])
  })

  it('asks for channels that the plugin offers, and gets the ends or the reasons why not', async () => {
    const plugin = fixture()
    const offer = async (input: object): Promise<ChannelRef> =>
      JSON.parse((await plugin.invoke('offer', JSON.stringify(input))).result ?? 'null') as ChannelRef
    const read = await offer({ direction: 'read' })
    const write = await offer({ direction: 'write' })
    const withdrawn = await offer({ direction: 'read', withdrawn: true })
    const [announced] = await plugin.offers.take(1)
    expect(announced).toEqual({ kind: 'offers', prefix: read.channel_id.slice(0, 24) })
    expect(new Set([read, write, withdrawn].map(({ channel_id: id }) => id.slice(0, 24))).size).toBe(1)
    const never = `${read.channel_id.slice(0, -1)}f`
    const asked: [ref: ChannelRef, reason: OfferRefusal][] = [
      [{ ...read, direction: 'write' }, OfferRefusal.Unknown],
      [{ ...read, access_key: write.access_key }, OfferRefusal.Unknown],
      [{ ...read, access_key: '' }, OfferRefusal.Unknown],
      [{ ...read, channel_id: never }, OfferRefusal.Unknown],
      [{ ...read, channel_id: `${read.channel_id.slice(0, -1)}x` }, OfferRefusal.Unknown],
      [{ ...read, channel_id: `${read.channel_id}0` }, OfferRefusal.Unknown],
      [withdrawn, OfferRefusal.Over],
    ]
    for (const [index, [ref]] of asked.entries()) plugin.link.channelAsk(index + 1, ref)
    expect((await plugin.offers.take(asked.length + 1)).slice(1)).toEqual(
      asked.map(([, reason], index) => ({ kind: 'refused', ask: index + 1, reason })),
    )
    plugin.link.channelAsk(4_294_967_295, read)
    const [opened, item] = await plugin.channels.take(2)
    expect(opened).toEqual({
      kind: 'open',
      end: expect.any(Number) as number,
      ask: 4_294_967_295,
      ref: { ...read, direction: 'write' },
    })
    expect(item).toMatchObject({ kind: 'binary', end: opened!.end })
    plugin.link.channelAsk(9, write)
    const third = (await plugin.channels.take(3))[2]!
    expect(third).toMatchObject({ kind: 'open', ask: 9, ref: { ...write, direction: 'read' } })
    plugin.link.channelText(third.end, Buffer.from('enough'))
    expect((await plugin.channels.take(4))[3]).toMatchObject({ kind: 'close', end: third.end, code: 1000 })
    plugin.link.channelAsk(10, read)
    expect((await plugin.offers.take(asked.length + 2)).at(-1)).toEqual({
      kind: 'refused',
      ask: 10,
      reason: OfferRefusal.Over,
    })
  })

  it('tells since when frames lie unread while a handler blocks its thread', async () => {
    const plugin = fixture()
    const transport = plugin.transport
    const done = plugin.invoke('spin', '300')
    expect(transport.unreadSince(1)).toBe(1)
    await done
    const quiet = async () => {
      while (transport.unreadSince(2) !== undefined) await new Promise((resolve) => setImmediate(resolve))
    }
    await within(5_000, 'progress', quiet())
  })

  it('hands nothing out and writes nothing after it was closed', async () => {
    const plugin = fixture()
    plugin.invoke('echo', '1').catch(() => {})
    plugin.link.close(1000, 'stop')
    expect(plugin.link.open).toBe(false)
    const written = plugin.transport.duplex.queuedBytes
    plugin.link.send({ type: 'ping' })
    expect(plugin.transport.duplex.queuedBytes).toBeLessThanOrEqual(written)
    const quiet = async () => {
      while (plugin.transport.duplex.queuedBytes > 0) await new Promise((resolve) => setImmediate(resolve))
    }
    await within(5_000, 'the plugin to read', quiet())
    expect(plugin.unanswered).toBe(1)
  })
}
