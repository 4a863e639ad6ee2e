// Reference: a bridge as one would write it with the unmodified SDK of iii. A worker of two engines: a function that it provides at the first
// one calls a function of the second one. The SDK is no dependency of the package: whoever compares installs it.
import { announce } from './announce.ts'

/** Of the SDK, what is used here. */
interface Sdk {
  registerWorker(url: string, options: object): SdkWorker
}

interface SdkWorker {
  registerFunction(id: string, handler: (payload: unknown) => Promise<unknown>): unknown
  trigger(request: { function_id: string; payload: unknown }): Promise<unknown>
}

const PACKAGE: string = 'iii-sdk'
const [url = '', localId = '', remoteUrl = '', remoteId = ''] = process.argv.slice(2)

const { registerWorker } = (await import(PACKAGE)) as Sdk
const options = { workerName: 'bench-sdk-bridge', otel: { enabled: false } }
const there = registerWorker(remoteUrl, options)
const here = registerWorker(url, options)
here.registerFunction(localId, (payload) => there.trigger({ function_id: remoteId, payload }))
announce(url)
