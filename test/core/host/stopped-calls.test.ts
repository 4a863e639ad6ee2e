// Whose call a plugin does not answer any more is told why.
import { expect, test } from 'vitest'
import { testHost, type TestHost } from './test-host.ts'

const never = (more = ''): string => `import { definePlugin } from 'iii-host/plugin'
export default definePlugin({ name: 'never', ${more} start({ iii }) {
  iii.registerFunction('never::answer', () => new Promise(() => {}))
} })
`

async function called(more?: string): Promise<{ host: TestHost; call: Promise<unknown> }> {
  const host = testHost({ engine: { drain_ms: 20 } })
  host.write('plugins/never.ts', never(more))
  await host.start({ name: 'never' })
  const call = host.call('never::answer').catch((error: unknown) => error)
  await expect.poll(() => host.router.slots.get('never')?.inFlight).toBe(1)
  return { host, call }
}

test.each<[string, string, (host: TestHost) => Promise<unknown>]>([
  [
    'that it was reloaded by force',
    "plugin 'never' was reloaded by force",
    ({ host }) => host.reload('never', { force: true }),
  ],
  ['that it was stopped', "plugin 'never' was stopped", ({ host }) => host.stopPlugin('never')],
  [
    'that it was stopped by force',
    "plugin 'never' was stopped",
    ({ host }) => host.stopPlugin('never', { force: true }),
  ],
  ['that the engine ends', 'the engine is shutting down', ({ host }) => host.close()],
])('%s', async (_what, why, end) => {
  const { host, call } = await called()
  await end(host)
  expect(await call).toMatchObject({ code: 'invocation_stopped', message: `Invocation stopped: ${why}` })
})

test('that the code which had it was replaced, where the new code started first', async () => {
  const { host, call } = await called('overlap: true,')
  await host.host.reload('never')
  const why = "plugin 'never' was replaced, and the code before did not answer within 20 ms"
  expect(await call).toMatchObject({ code: 'invocation_stopped', message: `Invocation stopped: ${why}` })
})
