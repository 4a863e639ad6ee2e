// `bridge`: a call at one engine that a worker of another one answers, two engines as two processes. References: the same call within one
// engine, and a bridge written with the unmodified SDK between the same engines.
import { BRIDGED_FUNCTION, FORWARDED_FUNCTION, SDK_FORWARDED_FUNCTION } from '../../../bench/load/workload.ts'
import { chooseCases, type LoadCase } from '../../../bench/options.ts'
import type { Variant } from '../../../bench/rounds.ts'
import { loadCase, needsOwnEngine, type Scenario } from '../../../bench/scenarios/scenario.ts'

const CASES: readonly LoadCase[] = [
  { payloadBytes: 150, inFlight: 1 },
  { payloadBytes: 150, inFlight: 64 },
  { payloadBytes: 4096, inFlight: 64 },
]

const bridge: Scenario = {
  title: 'worker → engine → bridge → engine → worker',
  unfit: needsOwnEngine,
  async run(session) {
    const hasSdk = await import('iii-sdk' as string).then(
      () => true,
      () => false,
    )
    const near = await session.target('bridged')
    const far = await session.target('bridge-remote')
    const sdk = hasSdk
      ? await session.startSdkBridge([near.url, SDK_FORWARDED_FUNCTION, far.url, BRIDGED_FUNCTION])
      : undefined
    try {
      const reports = []
      for (const load of chooseCases(session.options, CASES)) {
        const job = { kind: 'call', workload: 'echo', providesFunction: true, rate: undefined, ...load } as const
        const provider = { target: 'bridge-remote', functionId: BRIDGED_FUNCTION } as const
        const variants: Variant[] = [
          { name: 'engine', target: 'bridged', provider, job: { ...job, functionId: FORWARDED_FUNCTION } },
          { name: 'rpc', target: 'bridge-remote', job: { ...job, functionId: BRIDGED_FUNCTION } },
          ...(hasSdk
            ? [
                {
                  name: 'sdk-bridge',
                  target: 'bridged',
                  provider,
                  job: { ...job, functionId: SDK_FORWARDED_FUNCTION },
                } as const,
              ]
            : []),
        ]
        reports.push(await loadCase(session, 'bridge', 'calls/s', load, variants))
      }
      const notes = hasSdk ? [] : ['without the SDK: npm install --no-save iii-sdk']
      return reports.map((report) => ({ ...report, notes: [...report.notes, ...notes] }))
    } finally {
      await sdk?.stop()
    }
  },
}

export default bridge
