// An unmodified SDK with OpenTelemetry on: a second socket on /otel, and nothing that goes wrong (spec 08 check 24, spec 01 §5, check 7).
// One version per test file, since OpenTelemetry's providers are those of the process.
import { expect, it, onTestFinished, vi } from 'vitest'
import { startCore } from '../support/test-core.ts'
import { connectSdk, type Version } from './versions.ts'

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736'
const TRACEPARENT = `00-${TRACE_ID}-00f067aa0ba902b7-01`

/** @param exportsEveryMs set for a version that has an interval of its own: the clock is moved on by it */
export function telemetryCase(version: Version, exportsEveryMs?: number): void {
  it(`iii-sdk ${version.name} sends traces and log records on a socket of its own that is no worker, and logs no error`, async () => {
    onTestFinished(() => {
      vi.useRealTimers()
      vi.restoreAllMocks()
    })
    const errors = vi.spyOn(console, 'error').mockImplementation(() => {})
    const core = await startCore()
    if (exportsEveryMs !== undefined)
      vi.useFakeTimers({
        toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'],
        shouldAdvanceTime: true,
      })
    const otel = { enabled: true, spansFlushIntervalMs: 50, fetchInstrumentationEnabled: false }
    const client = connectSdk(version, core.url(), { otel, workerName: 'traced', headers: { 'X-Token': 't' } })
    client.registerFunction('traced::f', async () => {
      new version.Logger().warn('paper is low', { sheets: 3 })
      return 'traced'
    })
    // No worker that could be taken for the one whose telemetry comes: it does not announce itself.
    const caller = await core.connect({ name: null })
    const call = async (): Promise<unknown> => (await caller.call('traced::f', {}, { traceparent: TRACEPARENT })).result
    await expect.poll(call).toBe('traced')
    const traces = (): string =>
      core.telemetry
        .filter(({ signal }) => signal === 'OTLP')
        .map(({ frame }) => frame.toString())
        .join()
    const exported = async (): Promise<string> => {
      if (exportsEveryMs !== undefined) await vi.advanceTimersByTimeAsync(exportsEveryMs)
      return traces()
    }
    await expect.poll(exported, { timeout: 10_000 }).toContain('traced::f')
    expect(traces()).toContain(TRACE_ID)
    expect(core.telemetry.map(({ workerId }) => workerId)).toEqual(core.telemetry.map(() => undefined))
    const { result } = await caller.call('engine::workers::list', {})
    const names = (result as { workers: { name: string }[] }).workers.map(({ name }) => name)
    expect(names.filter((name) => name !== 'iii-engine-functions' && name !== null)).toEqual(['traced'])
    expect(core.listener().connectionCount).toBe(3)
    const warnings = (): unknown[] => core.logged('warn')
    await expect.poll(async () => (await exported(), warnings().length), { timeout: 10_000 }).toBeGreaterThan(0)
    expect(warnings()[0]).toMatchObject({
      msg: 'paper is low',
      worker: 'traced',
      service: 'iii-node',
      data: { sheets: 3 },
      trace_id: TRACE_ID,
    })
    // The function was called until it was there, and no other warning came.
    expect(new Set(core.logged('warn').map(({ msg }) => msg))).toEqual(new Set(['paper is low']))
    expect([errors.mock.calls, core.logged('error')]).toEqual([[], []])
  })
}
