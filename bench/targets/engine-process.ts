// The engine as a target: started in the current folder on a free port, with the function `bench::echo` provided in one of the
// ways that are compared. The only file of the benchmark that knows how an engine is started.
import { writeFile } from 'node:fs/promises'
import module from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { keepOptionsFromThreads } from '../../bin/node-options.mjs'
import { ABSENT_WORKERS } from '../../plugins/absent-workers.ts'
import { BUILT_INS } from '../../plugins/built-ins.ts'
import { freePort } from '../free-port.ts'
import type { LocalHandler } from '../../core/model/function-entry.ts'
import { BRIDGED_FUNCTION, FORWARDED_FUNCTION, HELD_QUEUE, OPEN_QUEUE } from '../load/workload.ts'
import type { EngineVariant } from '../session.ts'
import { announce } from './announce.ts'
import type { StreamSet } from './naive-stream.ts'
import { providePostMessageFunction } from './post-message-link.ts'

/** As from the second start in a project on: what they do when they are used for the first time is no part of what is measured. */
const AS_USED = { isolation: 'thread' } as const

const HOST = '127.0.0.1'
const ECHO_FUNCTION = 'bench::echo'

const variant = process.argv[2] as EngineVariant
/** Of the Redis server, or of the other engine. */
const otherUrl = process.argv[3]
const folder = process.cwd()
const port = await freePort()
const streamPort = await freePort()
const publicPort = await freePort()
const httpPort = await freePort()
const configPath = join(folder, 'iii-config.yaml')
// JSON is YAML.
await writeFile(configPath, JSON.stringify(configOf(variant)))

keepOptionsFromThreads()
module.enableCompileCache()
const [{ RunningEngine }, { createLog }] = await Promise.all([
  import('../../core/running-engine.ts'),
  import('../../core/log.ts'),
])
const log = createLog({ level: 'error' })
const engine = await RunningEngine.start({
  builtIns: BUILT_INS,
  absentWorkers: ABSENT_WORKERS,
  configPath,
  watch: variant === 'watched',
  cwd: folder,
  env: process.env,
  log,
  localFunctions: await localFunctionsOf(variant),
})
if (variant === 'post-message') providePostMessageFunction(engine.router, ECHO_FUNCTION)
module.flushCompileCache()

process.once('SIGTERM', () => {
  engine.close().then(
    () => process.exit(0),
    () => process.exit(1),
  )
})
announce(`ws://${HOST}:${port}`, {
  ...(hasStreams(variant) && { streamUrl: `ws://${HOST}:${streamPort}` }),
  ...(variant === 'guarded' && { publicUrl: `ws://${HOST}:${publicPort}` }),
  ...(variant === 'http' && { httpUrl: `http://${HOST}:${httpPort}` }),
})

function configOf(kind: EngineVariant): object {
  const workers: object[] = [{ name: 'iii-worker-manager', config: { host: HOST, port } }]
  if (kind === 'watched') return { plugins_dir: './plugins', workers: [...workers, { name: 'bench-reload' }] }
  if (kind === 'http')
    return { workers: [...workers, { name: 'iii-http', ...AS_USED, config: { host: HOST, port: httpPort } }] }
  if (kind === 'bridged') return { workers: [...workers, bridgeWorker()] }
  if (kind === 'reactive') return { workers: [...workers, ...reactiveWorkers()] }
  if (kind !== 'plugin' && kind !== 'in-memory' && kind !== 'guarded' && !hasQueues(kind)) return { workers }
  const pluginsDir = fileURLToPath(new URL('../plugins', import.meta.url))
  if (kind === 'guarded')
    return { plugins_dir: pluginsDir, workers: [...workers, publicListener(), { name: 'bench-echo' }] }
  const own = [stateWorker(kind), { name: 'bench-echo' }, ...(hasQueues(kind) ? [queueWorker()] : [])]
  return { plugins_dir: pluginsDir, workers: [...workers, ...own] }
}

/** State is kept durably in this folder, if not in memory. */
function stateWorker(kind: EngineVariant): object {
  const adapter = { name: 'kv', config: { store_method: 'in_memory' } }
  return { name: 'iii-state', ...(kind === 'in-memory' && { config: { adapter } }) }
}

/** The built-ins that run by default, with their defaults, which keep state and streams durably in this folder. */
function reactiveWorkers(): object[] {
  const ports: Readonly<Record<string, number>> = { 'iii-stream': streamPort, 'iii-http': httpPort }
  return BUILT_INS.filter(({ about }) => about.isDefault).map(({ about: { name, listens } }) =>
    listens === undefined
      ? { name }
      : { name, ...AS_USED, config: { [listens.host]: HOST, [listens.port]: ports[name] } },
  )
}

/** The echo gives back what it is asked, in which there is nothing that it grants: all rights are those of the block. */
function publicListener(): object {
  const rbac = { auth_function_id: ECHO_FUNCTION, expose_functions: ['match("bench::*")'] }
  return { name: 'iii-worker-manager', config: { host: HOST, port: publicPort, rbac } }
}

function hasQueues(kind: EngineVariant): boolean {
  return kind === 'queue' || kind === 'queue-redis'
}

/** Jobs are kept durably in this folder, or on the Redis server that the process is told of. */
function queueWorker(): object {
  const held = { rate_limit: { max: 1, per_ms: 3_600_000 } }
  const queues = { [HELD_QUEUE]: held, [OPEN_QUEUE]: { concurrency: 256 } }
  const adapter = otherUrl === undefined ? {} : { adapter: { name: 'redis', config: { redis_url: otherUrl } } }
  return { name: 'iii-queue', config: { ...adapter, queue_configs: queues } }
}

function bridgeWorker(): object {
  const forward = [{ local_function: FORWARDED_FUNCTION, remote_function: BRIDGED_FUNCTION }]
  return { name: 'iii-bridge', config: { url: otherUrl, forward } }
}

/** What runs in the router thread. */
async function localFunctionsOf(kind: EngineVariant): Promise<Record<string, LocalHandler>> {
  if (kind === 'inline') return { [ECHO_FUNCTION]: (input: unknown) => input }
  if (kind !== 'stream-inline') return {}
  const { InlineStream } = await import('./inline-stream.ts')
  const stream = await InlineStream.open(streamPort, log)
  return { 'stream::set': (input) => stream.set(input as StreamSet) }
}

function hasStreams(kind: EngineVariant): boolean {
  return kind === 'reactive' || kind === 'stream-inline'
}
