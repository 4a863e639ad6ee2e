// A running `iii-bridge`: the connection, what is forwarded and what is exposed, put together, and brought to other settings without a call
// being lost.
import { isDeepStrictEqual } from 'node:util'
import type { PassOptions } from '../../kit/bridge/bridge.ts'
import { CodedError } from '../../protocol/errors.ts'
import type { PluginContext, RunningPlugin } from '../../sdk/plugin.ts'
import type { RawJson } from '../../sdk/raw-json.ts'
import { ConnectionError } from '../../sdk/transports/connection-error.ts'
import { bridgeFailure } from './bridge-failure.ts'
import { readSettings, type BridgeConfig, type BridgeSettings } from './config.ts'
import { Connection } from './connection.ts'
import { ForwardedFunctions } from './forwarded-functions.ts'
import { INVOKE, INVOKE_ASYNC, registerInvoke } from './invoke.ts'
import { ownersOf } from './owners.ts'

const NAME = 'iii-bridge'
const HEALTH_PART = 'bridge'
/** How long changed settings wait for the connection that they ask for, before it takes the place of the one that is there. */
const COMES_UP_MS = 2_000
/** Calls under way over a connection that was replaced may still be answered for so long. */
export const RETIRE_MS = 60_000
/** The same at the end of a generation; the host allows 10 s for all of it. */
const STOP_MS = 4_000

interface TimedPass extends PassOptions {
  readonly timeoutMs: number
}

export function startBridge(
  context: PluginContext<BridgeConfig>,
  env: Readonly<Record<string, string | undefined>>,
): RunningPlugin<BridgeConfig> {
  const { iii, log, instance, reportHealth } = context
  // Of several bridges one has them: which of them a call would go over would be anybody's guess otherwise.
  const hasInvoke = instance === NAME
  const retiring = new Set<Connection>()
  let settings = readSettings(context.config, env)
  checkOwnIds(settings)
  let current = connect(settings)

  function connect({ connection, exposed }: BridgeSettings): Connection {
    return new Connection(connection, exposed, { iii, log, onHealth: (of) => of === current && tellHealth() })
  }

  function tellHealth(): void {
    if (current.health !== undefined) reportHealth(HEALTH_PART, current.health)
  }

  function checkOwnIds({ forwards }: BridgeSettings): void {
    const own = hasInvoke ? [INVOKE, INVOKE_ASYNC].find((id) => forwards.has(id)) : undefined
    if (own !== undefined)
      throw new CodedError('PLUGIN_CONFIG_INVALID', `forward: '${own}' is a function of the bridge; name it otherwise`)
  }

  async function pass(functionId: string, payload: string, options: TimedPass): Promise<RawJson | undefined> {
    const connection = current
    const since = performance.now()
    try {
      return await connection.bridge.pass(functionId, payload, options)
    } catch (error) {
      // It waited for a connection that has been replaced, and was not sent.
      if (connection !== current && error instanceof ConnectionError && !error.sent) {
        const timeoutMs = Math.max(1, options.timeoutMs - (performance.now() - since))
        return pass(functionId, payload, { ...options, timeoutMs })
      }
      throw bridgeFailure(error, connection.bridge.open)
    }
  }

  const forwarded = new ForwardedFunctions(iii, ({ remoteId, timeoutMs, namespace }, payload) =>
    pass(remoteId, payload, namespace === undefined ? { timeoutMs } : { timeoutMs, namespace }),
  )
  if (hasInvoke) {
    registerInvoke(iii, {
      pass: (functionId, payload, timeoutMs) => pass(functionId, payload, { timeoutMs }),
      send: (functionId, payload) => {
        const { bridge } = current
        try {
          bridge.send(functionId, payload)
        } catch (error) {
          throw bridgeFailure(error, bridge.open)
        }
      },
    })
  }
  forwarded.set(settings.forwards)

  function replaceConnection(next: Connection): void {
    const before = current
    current = next
    // Before any that is made from now on. Whoever made the others is told, and makes them anew.
    next.bridge.resend(before.bridge.refuseWaiting())
    tellHealth()
    retiring.add(before)
    void before.retire(RETIRE_MS).finally(() => retiring.delete(before))
  }

  return {
    async reconfigure(changed) {
      const wanted = readSettings(changed, env)
      checkOwnIds(wanted)
      const added = [...wanted.forwards.keys()].filter((id) => !forwarded.has(id))
      const [owned] = await ownersOf(iii, added)
      if (owned !== undefined) {
        const problem = `forward: function '${owned.id}' belongs to the worker '${owned.owner}'; name it otherwise`
        throw new CodedError('PLUGIN_CONFIG_INVALID', problem)
      }
      if (isDeepStrictEqual(wanted.connection, settings.connection)) current.expose(wanted.exposed)
      else {
        const next = connect(wanted)
        await next.comesUpWithin(COMES_UP_MS)
        replaceConnection(next)
      }
      settings = wanted
      forwarded.set(wanted.forwards)
      return true
    },
    async stop({ reason }) {
      const ends = [...retiring].map((connection) => connection.end())
      await Promise.all([...ends, reason === 'reload' ? current.retire(STOP_MS) : current.end()])
    },
  }
}
