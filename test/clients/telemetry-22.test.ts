// The newer SDK with OpenTelemetry on (spec 08 checks 24, 25).
import { expect, it } from 'vitest'
import { sessionAnswer } from '../support/session-rights.ts'
import { startCore } from '../support/test-core.ts'
import { telemetryCase } from './telemetry-case.ts'
import { connectSdk, V22 } from './versions.ts'

telemetryCase(V22)

it('headers of the client come to the decision on its worker, not to that on its telemetry', async () => {
  const asked: unknown[] = []
  const core = await startCore({
    listeners: [{ rbac: {} }],
    prepare: (host) =>
      host.seat('session-policy', ({ headers }: any) => {
        asked.push(headers['x-token'] ?? 'none')
        return sessionAnswer()
      }),
  })
  connectSdk(V22, core.url(), { otel: { enabled: true }, headers: { 'X-Token': 'secret' } })
  await expect.poll(() => [...asked].sort()).toEqual(['none', 'secret'])
})
