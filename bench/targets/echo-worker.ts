// A worker that provides `bench::echo` to the engine at the URL given: one of several replicas, made to be killed.
import { EchoCallee } from '../load/echo-callee.ts'
import { announce } from './announce.ts'

const [url = '', functionId = '', payloadBytes = ''] = process.argv.slice(2)
await EchoCallee.start(url, functionId, Number(payloadBytes), () => process.exit(1))
announce(url)
