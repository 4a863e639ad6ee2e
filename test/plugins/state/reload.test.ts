// `iii-state` is replaced while workers owe it an answer: whatever they call meanwhile is answered, and nobody holds the reload up.
import { expect, onTestFinished, test } from 'vitest'
import { within } from '../../support/deadline.ts'
import { engineFolder } from '../../support/engine-process.ts'
import { LoadClient } from '../../support/load-client.ts'

const CALLS = 300
const RELOADS = 5

async function connected() {
  const folder = await engineFolder()
  onTestFinished(() => folder.remove())
  await folder.start({ args: ['--no-watch'] })
  const [worker, observer] = await Promise.all([
    LoadClient.connect(folder.url, 'worker'),
    LoadClient.connect(folder.url, 'observer'),
  ])
  onTestFinished(async () => void (await Promise.all([worker.close(), observer.close()])))
  const bind = (config: object) =>
    worker.result('engine::register_trigger', { trigger_type: 'state', function_id: 'handles', config })
  const reload = () => observer.result('engine::plugins::reload', { name: 'iii-state' })
  return { worker, bind, reload }
}

test('what a handler calls while its event is not answered is answered, before, during and after the reload', async () => {
  const { worker, bind, reload } = await connected()
  const asked = Promise.withResolvers<void>()
  const over = Promise.withResolvers<null>()
  await worker.register('handles', () => {
    asked.resolve()
    return over.promise
  })
  await bind({ scope: 'owed' })
  await worker.result('state::set', { scope: 'owed', key: 'k', value: 1 })
  await asked.promise
  const errors: unknown[] = []
  let written = 0
  for (let round = 0; round < RELOADS; round++) {
    const change = { isOver: false }
    const reloaded = reload().finally(() => (change.isOver = true))
    do {
      const calls = Array.from({ length: CALLS / RELOADS }, () => {
        return worker.call('state::set', { scope: 'written', key: 'k', value: ++written })
      })
      // In the order of the connection, so that each finds the one before it.
      for (const { result, error } of await Promise.all(calls)) if (error !== undefined) errors.push(error, result)
    } while (!change.isOver)
    await reloaded
    await worker.result('state::set', { scope: 'owed', key: 'k', value: round })
  }
  expect(errors).toEqual([])
  expect(await worker.result('state::get', { scope: 'written', key: 'k' })).toBe(written)
  over.resolve(null)
})

test('a condition that does not answer holds no reload up, and is asked again about the event', async () => {
  const { worker, bind, reload } = await connected()
  const handled: unknown[] = []
  await worker.register('handles', ({ new_value }) => {
    handled.push(new_value)
    return null
  })
  let asked = 0
  await worker.register('decides', () => (++asked === 1 ? new Promise(() => {}) : true))
  await bind({ scope: 'owed', condition_function_id: 'decides' })
  await worker.result('state::set', { scope: 'owed', key: 'k', value: 1 })
  await expect.poll(() => asked).toBe(1)
  await within(4_000, 'the reload', reload())
  await expect.poll(() => handled).toEqual([1])
  expect(asked).toBe(2)
  await worker.result('state::set', { scope: 'owed', key: 'k', value: 2 })
  await expect.poll(() => handled).toEqual([1, 2])
})
