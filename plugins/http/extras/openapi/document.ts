// The OpenAPI 3.1 document of the routes (beyond iii). Pure: the same routes and functions give the same document.
import type { JsonSchema } from '../../../../base/values/json-schema.ts'
import type { ErrorShape } from '../../response/error-envelope.ts'
import { ComponentSchemas } from './component-schemas.ts'
import { readDetails } from './details.ts'
import { operationOf, type DescribedFunction } from './operation.ts'
import { pathTemplate, type PathTemplate } from './path-template.ts'
import { sharedResponses, sharedSchemas } from './shared-parts.ts'

export interface DocumentOptions {
  readonly title: string
  readonly version: string
  readonly description: string | undefined
  /** URLs under which clients reach this server. Empty = the one the document comes from. */
  readonly servers: readonly string[]
  readonly errorShape: ErrorShape
}

export interface DescribedRoute {
  readonly method: string
  /** With a leading `/`. */
  readonly pattern: string
  readonly functionId: string
  readonly namespace: string | undefined
  /** Of the binding. */
  readonly metadata: unknown
  readonly isValidated: boolean
}

export type FindFunction = (namespace: string | undefined, functionId: string) => DescribedFunction | undefined

/** Further operations are left out. */
export const MAX_OPERATIONS = 5_000

export function openApiDocument(
  { title, version, description, servers, errorShape }: DocumentOptions,
  routes: Iterable<DescribedRoute>,
  find: FindFunction,
): Record<string, unknown> {
  const schemas = new ComponentSchemas()
  const paths = new Map<string, { readonly template: PathTemplate; readonly item: Record<string, unknown> }>()
  const operationIds = new Map<string, number>()
  const sorted = [...routes].sort(byPathAndMethod)
  let operations = 0
  for (const route of sorted) {
    const found = find(route.namespace, route.functionId)
    const details = readDetails(route, found)
    if (details.isHidden) continue
    if (++operations > MAX_OPERATIONS) break
    const template = pathTemplate(route.pattern)
    let path = paths.get(template.shape)
    if (path === undefined) paths.set(template.shape, (path = { template, item: {} }))
    const operationId = freeId(details.operationId ?? route.functionId.replaceAll(/[^A-Za-z0-9]+/g, '_'), operationIds)
    path.item[route.method.toLowerCase()] = operationOf({
      route,
      details,
      found,
      operationId,
      // Paths that differ in the names of parameters alone are one path: the first one's names count.
      parameters: template.parameters.map(({ given }, index) => ({
        given,
        name: path.template.parameters[index]!.name,
      })),
      schemas,
    })
  }
  return {
    openapi: '3.1.1',
    info: { title, version, ...(description !== undefined && { description }) },
    ...(servers.length > 0 && { servers: servers.map((url) => ({ url })) }),
    paths: Object.fromEntries([...paths.values()].map(({ template, item }) => [template.template, item])),
    components: {
      schemas: { ...(schemas.all as Record<string, JsonSchema>), ...sharedSchemas(errorShape) },
      responses: sharedResponses(),
    },
  }
}

function byPathAndMethod(left: DescribedRoute, right: DescribedRoute): number {
  return compare(left.pattern, right.pattern) || compare(left.method, right.method)
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}

/** Each names one operation of the document. @param taken with the number that was used last behind each. */
function freeId(wanted: string, taken: Map<string, number>): string {
  let free = wanted
  for (let count = taken.get(wanted) ?? 1; taken.has(free); free = `${wanted}_${count}`) taken.set(wanted, ++count)
  taken.set(free, 1)
  return free
}
