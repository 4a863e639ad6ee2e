// What goes beyond iii, as it is set: the hooks for requests, and what is open for them.
import type { IncomingMessage } from 'node:http'
import type { Clock } from '../../../base/time/clock.ts'
import type { Handle, PluginLog } from '../../../sdk/plugin.ts'
import type { ExchangeSettings } from '../config.ts'
import type { ExchangeExtras, ExchangeFacts } from '../exchange/extras.ts'
import type { Route } from '../exchange/route.ts'
import { requestIdIn } from '../request/request-id.ts'
import type { Answer } from '../response/answer.ts'
import type { RouteEntry } from '../routes/route-table.ts'
import { openAccessLog, type AccessLog } from './access-log/access-log.ts'
import { remoteAddressOf } from './access-log/remote-address.ts'
import { Compression } from './compression.ts'
import { tagged } from './etag.ts'
import { Health, type ServerLoad } from './health/health.ts'
import { HealthServer } from './health/health-server.ts'
import type { DescribedRoute } from './openapi/document.ts'
import { ServedDocument } from './openapi/served-document.ts'
import { ownAnswer, type OwnPath } from './own-path.ts'
import type { ExtrasSettings } from './settings.ts'
import { RequestValidation } from './validation/request-validation.ts'

export interface ExtrasDeps {
  readonly iii: Pick<Handle, 'trigger'>
  readonly log: PluginLog
  readonly clock: Clock
  readonly projectRoot: string
  exchange(): ExchangeSettings
  routes(): Iterable<RouteEntry<Route>>
  load(): ServerLoad
  isOfPredecessor(url: string): Promise<boolean>
}

export interface OpenedExtras {
  readonly hooks: ExchangeExtras
  /** Of ports of its own. */
  readonly urls: readonly string[]
  close(): Promise<void>
}

/** @throws Error when a file or a port can't be opened; then nothing stays open. */
export async function openExtras(settings: ExtrasSettings, deps: ExtrasDeps): Promise<OpenedExtras> {
  const { accessLog: logOptions, health: healthOptions } = settings
  const accessLog = logOptions === undefined ? undefined : await openAccessLog(logOptions, deps)
  const health = healthPath(settings, deps)
  const address = healthOptions?.address
  let server: HealthServer | undefined
  try {
    if (address !== undefined) server = await HealthServer.open({ ...deps, ...address, path: health! })
  } catch (error) {
    await accessLog?.close()
    throw error
  }
  const paths = [...(health === undefined || server !== undefined ? [] : [health]), ...documentPath(settings, deps)]
  return {
    hooks: {
      ...validationHooks(settings, deps),
      ...(paths.length > 0 && {
        ownAnswer: (request: IncomingMessage, path: string) => ownAnswer(paths, request, path),
      }),
      ...finishHook(settings),
      ...(accessLog !== undefined && { done: (facts: ExchangeFacts) => record(accessLog, facts, deps.exchange()) }),
    },
    get urls() {
      return server === undefined ? [] : [server.url]
    },
    close: async () => void (await Promise.all([accessLog?.close(), server?.close()])),
  }
}

function healthPath({ health: options }: ExtrasSettings, deps: ExtrasDeps): OwnPath | undefined {
  if (options === undefined) return undefined
  const health = new Health(deps, options.showsComponents)
  return { path: options.path, answer: () => health.answer() }
}

function documentPath({ openApi, validatesRequests }: ExtrasSettings, deps: ExtrasDeps): OwnPath[] {
  if (openApi === undefined) return []
  const document = new ServedDocument({
    ...deps,
    routes: () => describedRoutes(deps.routes(), validatesRequests),
    options: () => ({ ...openApi, errorShape: deps.exchange().hasLegacyErrors ? 'legacy' : 'envelope' }),
  })
  return [{ path: openApi.path, answer: (request) => document.answer(request) }]
}

function* describedRoutes(entries: Iterable<RouteEntry<Route>>, validates: boolean): Iterable<DescribedRoute> {
  for (const { method, pattern, value, serves } of entries) {
    const { functionId, namespace, metadata, validates: own = validates } = value
    if (serves) yield { method, pattern, functionId, namespace, metadata, isValidated: own }
  }
}

/** Always there: a binding may ask for it. */
function validationHooks({ validatesRequests }: ExtrasSettings, deps: ExtrasDeps) {
  const validation = new RequestValidation(deps)
  return {
    isChecked: ({ validates = validatesRequests }: Route) => validates,
    check: validation.check.bind(validation),
  } satisfies Partial<ExchangeExtras>
}

function finishHook({ tagsAnswers, compression: options }: ExtrasSettings): Pick<ExchangeExtras, 'finish'> {
  const compression = options === undefined ? undefined : new Compression(options)
  if (!tagsAnswers && compression === undefined) return {}
  return {
    finish({ method = 'GET', headers }: IncomingMessage, answer: Answer) {
      const known = tagsAnswers ? tagged(answer, { method, ifNoneMatch: headers['if-none-match'] }) : answer
      return compression === undefined ? known : compression.compress(known, acceptEncoding(headers['accept-encoding']))
    },
  }
}

function acceptEncoding(header: string | readonly string[] | undefined): string | undefined {
  return typeof header === 'object' ? header.join(',') : header
}

function record(log: AccessLog, facts: ExchangeFacts, { trustsProxy, requestIdHeader }: ExchangeSettings): void {
  const { request, route, status, bytes, durationMs, errorId } = facts
  const { method = 'GET', url = '/', headers } = request
  const queryAt = url.indexOf('?')
  log.record({
    method,
    route: route?.bindingId === undefined ? undefined : route.apiPath,
    path: queryAt === -1 ? url : url.slice(0, queryAt),
    status,
    bytes,
    durationMs,
    requestId: facts.requestId ?? requestIdIn(headers, requestIdHeader),
    remoteAddress: remoteAddressOf(request, trustsProxy),
    userAgent: headers['user-agent'],
    errorId,
  })
}
