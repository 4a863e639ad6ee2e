import { expect, test } from 'vitest'
import { EmissionOrder } from '../../../plugins/stream/adapters/emission-order.ts'

test('emissions of one scope keep the order of their beginning, those of others do not wait', async () => {
  const order = new EmissionOrder()
  const log: string[] = []
  const writes = [0, 1, 2, 3].map(() => Promise.withResolvers<string>())
  const scopes = ['s', 's', 's', 't']
  const all = writes.map(({ promise }, i) => order.afterEarlier(scopes[i]!, promise, (result) => log.push(result)))
  writes[3]!.resolve('other')
  expect(await all[3]).toBe('other')
  writes[2]!.resolve('third')
  writes[1]!.reject(new Error('second failed'))
  await expect(all[1]).rejects.toThrow('second failed')
  expect(log).toEqual(['other'])
  writes[0]!.resolve('first')
  expect(await Promise.all([all[0], all[2]])).toEqual(['first', 'third'])
  expect(log).toEqual(['other', 'first', 'third'])
  const late = order.afterEarlier('s', Promise.resolve('late'), (result) => log.push(result))
  expect([await late, log.at(-1)]).toEqual(['late', 'late'])
})

test('a write that another one of its scope waits for can fail first', async () => {
  const order = new EmissionOrder()
  const inner = Promise.withResolvers<never>()
  const outer = order.afterEarlier('s', inner.promise, () => expect.unreachable('emitted'))
  const nested = order.afterEarlier('s', Promise.reject(new Error('circle')), () => expect.unreachable('emitted'))
  nested.catch(inner.reject)
  await expect(outer).rejects.toThrow('circle')
})
