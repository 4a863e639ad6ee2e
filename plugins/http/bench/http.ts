// `http`: requests over connections that stay, answered by a worker behind the engine. References: a bare `node:http` server that answers the
// same bytes, and fastify with a bridge to the same worker. Beside it: the engine with a worker of the unmodified SDK.
import { chooseCases, type LoadCase } from '../../../bench/options.ts'
import type { Variant } from '../../../bench/rounds.ts'
import { loadCase, needsOwnEngine, type Scenario } from '../../../bench/scenarios/scenario.ts'
import type { BenchSession } from '../../../bench/session.ts'

const GETS: readonly LoadCase[] = [{ payloadBytes: 150, inFlight: 64 }]
const POSTS: readonly LoadCase[] = [{ payloadBytes: 1024, inFlight: 64 }]
const PATH = '/bench/items'
const SDK_PATH = '/bench/sdk-items'

const http: Scenario = {
  title: 'HTTP → engine → worker',
  unfit: needsOwnEngine,
  async run(session) {
    const hasFastify = await isInstalled('fastify')
    const hasSdk = await isInstalled('iii-sdk')
    const notes = [
      ...(hasFastify ? [] : ['without fastify: npm install --no-save fastify']),
      ...(hasSdk ? [] : ['without the SDK: npm install --no-save iii-sdk']),
    ]
    const variants = (method: 'GET' | 'POST', load: LoadCase): Variant[] => {
      const job = { kind: 'http', method, path: PATH, ...load } as const
      const worker = { ...job, functionId: `bench::http-${method.toLowerCase()}`, providesFunction: true } as const
      const nobody = { ...job, functionId: '', providesFunction: false } as const
      return [
        { name: 'engine', target: 'http', job: worker },
        { name: 'node-http', target: 'node-http', job: nobody },
        ...(hasFastify ? [{ name: 'fastify', target: 'fastify', job: worker } as const] : []),
        ...(hasSdk ? [{ name: 'engine-sdk', target: 'http', job: { ...nobody, path: SDK_PATH } } as const] : []),
      ]
    }
    const reports = []
    const { options } = session
    // The bare server answers a GET with a payload of one size.
    const gets = chooseCases({ ...options, payloads: undefined }, GETS).map((load) => ['GET', load] as const)
    const posts = chooseCases(options, POSTS).map((load) => ['POST', load] as const)
    for (const [method, load] of [...gets, ...posts]) {
      const sdk = hasSdk ? await startSdkWorker(session, load) : undefined
      try {
        reports.push(await loadCase(session, `http ${method}`, 'requests/s', load, variants(method, load)))
      } finally {
        await sdk?.stop()
      }
    }
    return reports.map((report) => ({ ...report, notes: [...report.notes, ...notes] }))
  },
}

export default http

async function startSdkWorker(session: BenchSession, { payloadBytes }: LoadCase) {
  const { url } = await session.target('http')
  return session.startSdkWorker(url, [SDK_PATH, `${payloadBytes}`])
}

async function isInstalled(name: string): Promise<boolean> {
  return import(name).then(
    () => true,
    () => false,
  )
}
