import { expect, onTestFinished, test } from 'vitest'
import { CallHistory } from '../../../bench/load/call-run.ts'
import { CallClient } from '../../../bench/load/call-client.ts'
import { runControl } from '../../../bench/load/control-run.ts'
import { runFanOut } from '../../../bench/load/fan-out-run.ts'
import { LoadProcess } from '../../../bench/load/load-process.ts'
import { TargetProcess } from '../../../bench/targets/target-process.ts'

const TIMES = { warmupMs: 50, durationMs: 200 } as const

async function startNaive(): Promise<TargetProcess> {
  const target = await TargetProcess.start({ file: 'naive-router', args: [], cpus: undefined })
  onTestFinished(() => target.stop())
  return target
}

test('each event of the fan-out reaches every subscriber, in order', async () => {
  const { url, pid } = await startNaive()
  const job = {
    kind: 'fan-out',
    way: 'trigger',
    url,
    targetPid: pid,
    subscribers: 20,
    payloadBytes: 150,
    inFlight: 4,
    ...TIMES,
  } as const
  const result = await runFanOut(job, new CallHistory())
  expect(result.verified).toBeGreaterThan(100)
  expect(result).toMatchObject({ wrong: {}, unanswered: 0 })
})

test('functions that come and go can be called in between', async () => {
  const { url, pid } = await startNaive()
  const result = await runControl({ kind: 'control', url, targetPid: pid, inFlight: 8, ...TIMES })
  expect(result.verified).toBeGreaterThan(50)
  expect(result).toMatchObject({ wrong: {}, unanswered: 0 })
})

test('the load process runs job after job and reports what fails', async () => {
  const { url, pid } = await startNaive()
  const load = await LoadProcess.start(undefined)
  onTestFinished(() => load.close())
  const job = {
    kind: 'call',
    url,
    targetPid: pid,
    workload: 'echo',
    functionId: 'bench::echo',
    providesFunction: true,
    payloadBytes: 150,
    inFlight: 8,
    rate: undefined,
    ...TIMES,
  } as const
  const first = await load.run(job)
  expect(first.verified).toBeGreaterThan(50)
  await expect(load.run({ ...job, url: 'ws://127.0.0.1:1' })).rejects.toThrow('ECONNREFUSED')
  const second = await load.run(job)
  expect(second.verified).toBeGreaterThan(50)
  expect(second.wrong).toEqual({})
})

test('the plain client gives results and errors of single calls', async () => {
  const { url } = await startNaive()
  const client = await CallClient.open(url)
  onTestFinished(() => client.close())
  await expect(client.call('bench::nobody', {})).rejects.toMatchObject({ code: 'function_not_found' })
  client.close()
  await expect(client.call('bench::nobody', {})).rejects.toThrow('The client was closed.')
})
