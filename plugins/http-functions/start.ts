// A running `iii-http-functions`: settings, caller, the seat and the configured endpoints put together. Time, names and environment are handed in.
import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '../../base/time/clock.ts'
import { SEATS, type HttpInvokerMetadata } from '../../protocol/seats.ts'
import { Spans } from '../../kit/telemetry/spans.ts'
import { TelemetryWatch } from '../../kit/telemetry/telemetry-watch.ts'
import { currentCallContext } from '../../sdk/async-call-contexts.ts'
import type { PluginContext, RunningPlugin } from '../../sdk/plugin.ts'
import type { HttpFunctionsConfig } from './config.ts'
import { readEndpoints, urlOf } from './endpoints/endpoint-functions.ts'
import { endpointRequest } from './endpoints/endpoint-request.ts'
import { CircuitWatch } from './exchange/circuit-watch.ts'
import { Connections } from './exchange/connections.ts'
import { HostRoom } from './exchange/host-room.ts'
import { HttpCaller, type HttpCallerSettings } from './exchange/http-caller.ts'
import { ReadBytes } from './exchange/response-body.ts'
import { readRegisteredTarget } from './registration.ts'
import { readSettings, type HttpFunctionsSettings } from './settings.ts'
import type { TargetRules } from './target/target.ts'
import { UrlSecurity, type Resolver } from './target/url-security.ts'

/** What a test holds in its hands. */
export interface HttpFunctionsDeps {
  readonly clock: Clock
  readonly random: () => number
  readonly env: Readonly<Record<string, string | undefined>>
  /** Default: that of the system. */
  readonly resolve?: Resolver
}

const NAME = 'iii-http-functions'
/** Told when somebody begins or ends to take spans. */
const WATCH_FUNCTION = 'iii-http-functions::on-functions-changed'

export async function startHttpFunctions(
  context: PluginContext<HttpFunctionsConfig>,
  { clock, random, env, resolve }: HttpFunctionsDeps,
): Promise<RunningPlugin<HttpFunctionsConfig>> {
  const { iii, config, log, engine } = context
  let settings = await readSettings(config, engine.projectRoot)
  let calling = callerSettings(settings, resolve)
  const telemetry = new TelemetryWatch(iii)
  const circuits = new CircuitWatch(clock, log, context.reportHealth)
  const room = new HostRoom(settings.maxInFlightPerHost)
  const spans = new Spans({ iii, clock, service: NAME, isWanted: () => telemetry.isWanted })
  const caller = new HttpCaller({ clock, random, room, circuits, spans, readBytes: new ReadBytes() }, calling)
  const rules = (functionId?: string): TargetRules => ({
    env,
    allowList: settings.authEnvAllowList,
    circuit: settings.circuit,
    ...(functionId !== undefined && {
      onIgnored: (header) =>
        log.warn(`the header '${header}' of function '${functionId}' is ignored: the engine alone sets it`),
      onUnknown: (member, hint) =>
        log.warn(`the member '${member}' of the HTTP target of function '${functionId}' means nothing.${hint}`),
    }),
  })

  async function answer(json: string, metadata: unknown): Promise<unknown> {
    const asked = metadata as HttpInvokerMetadata
    if (asked.action === 'register') {
      const { url } = readRegisteredTarget(asked, settings, rules(asked.function_id))
      await calling.security.checkResolved(url)
      return null
    }
    return caller.call(readRegisteredTarget(asked, settings, rules()), {
      functionId: asked.function_id,
      body: Buffer.from(json),
      traceparent: asked.traceparent ?? undefined,
      baggage: asked.baggage ?? undefined,
      limitMs: asked.timeout_ms ?? undefined,
    })
  }

  const endpoints = readEndpoints(config.endpoints ?? [], rules(), (url) => calling.security.check(url))
  for (const { id, template, target, payload, options } of endpoints) {
    const call = (json: string): Promise<unknown> => {
      const { path, body } = endpointRequest(template, payload, json)
      const { traceparent, baggage } = currentCallContext() ?? {}
      return caller.call(
        { ...target, url: urlOf(target.url, path) },
        {
          functionId: id,
          body: body === undefined ? undefined : Buffer.from(body),
          traceparent,
          baggage,
          limitMs: undefined,
        },
      )
    }
    iii.registerFunction(id, call, { ...options, raw: true })
  }
  iii.registerFunction(SEATS['http-invoker'], answer, {
    description: 'Checks and calls HTTP-invoked functions. Only the engine calls it.',
    raw: true,
  })
  telemetry.begin(WATCH_FUNCTION)

  return {
    async reconfigure(changed) {
      // Functions come and go with a generation.
      if (!isDeepStrictEqual(changed.endpoints ?? [], config.endpoints ?? [])) return false
      settings = await readSettings(changed, engine.projectRoot)
      calling = callerSettings(settings, resolve)
      room.most = settings.maxInFlightPerHost
      caller.configure(calling)
      return true
    },
    stop() {
      caller.close()
      spans.flush()
    },
  }
}

function callerSettings(
  { security: rules, maxResponseBytes, ca }: HttpFunctionsSettings,
  resolve: Resolver | undefined,
): HttpCallerSettings {
  const security = new UrlSecurity(rules, resolve)
  return { security, maxResponseBytes, connections: new Connections({ lookup: security.lookup, ca }) }
}
