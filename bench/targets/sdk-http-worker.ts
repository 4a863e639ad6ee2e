// A worker of the unmodified SDK of iii behind the engine at the URL given: answers the requests of HTTP load under a path of its own.
// The SDK is no dependency of the package: whoever compares installs it.
import { N_MIN, payloadJson } from '../load/payload.ts'
import { announce } from './announce.ts'

/** Of the SDK, what is used here. */
interface Sdk {
  registerWorker(url: string, options: object): SdkWorker
}

interface SdkWorker {
  registerFunction(id: string, handler: (request: ApiRequest) => Promise<object>): unknown
  registerTrigger(trigger: object): unknown
}

interface ApiRequest {
  readonly path_params: { readonly n: string }
  readonly body: unknown
}

const PACKAGE: string = 'iii-sdk'
const [url = '', path = '', payloadBytes = ''] = process.argv.slice(2)
const [HEAD = '', TAIL = ''] = payloadJson(Number(payloadBytes)).split(`${N_MIN}`)

const { registerWorker } = (await import(PACKAGE)) as Sdk
const worker = registerWorker(url, { workerName: 'bench-sdk', otel: { enabled: false } })
worker.registerFunction('bench::sdk-get', async ({ path_params: { n } }) => ({
  status_code: 200,
  body: JSON.parse(HEAD + n + TAIL) as unknown,
}))
worker.registerFunction('bench::sdk-post', async ({ body }) => ({ status_code: 200, body }))
for (const [function_id, http_method, api_path] of [
  ['bench::sdk-get', 'GET', `${path}/:n`],
  ['bench::sdk-post', 'POST', path],
]) {
  worker.registerTrigger({ type: 'http', function_id, config: { api_path, http_method } })
}
announce(url)
