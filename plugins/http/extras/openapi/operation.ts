// One operation of the document: a route, and what its function says of itself.
import { isRecord } from '../../../../base/values/is-record.ts'
import type { JsonSchema } from '../../../../base/values/json-schema.ts'
import { WILDCARD } from '../../routes/segments.ts'
import { readRequestFormat, readResponseFormat, type FormatPart, type NamedPart } from '../function-formats.ts'
import type { ComponentSchemas, PlaceOf } from './component-schemas.ts'
import type { OperationDetails } from './details.ts'
import type { DescribedRoute } from './document.ts'
import type { TemplateParameter } from './path-template.ts'
import { ERROR_RESPONSE, INVALID_RESPONSE } from './shared-parts.ts'

/** As in a listing of the engine. */
export interface DescribedFunction {
  readonly description?: string
  readonly metadata?: unknown
  readonly request_format?: unknown
  readonly response_format?: unknown
}

export interface OperationParts {
  readonly route: DescribedRoute
  readonly details: OperationDetails
  /** Undefined = the function is not registered at the moment. */
  readonly found: DescribedFunction | undefined
  readonly operationId: string
  readonly parameters: readonly TemplateParameter[]
  readonly schemas: ComponentSchemas
}

/** Methods whose requests have a body as a rule; of others one that is described is shown, too, if their format is of the request. */
export const METHODS_WITH_BODY: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH'])

export function operationOf(parts: OperationParts): Record<string, unknown> {
  const { details, operationId } = parts
  const { summary, description, tags, isDeprecated } = details
  const request = describedRequest(parts)
  return {
    operationId,
    ...(tags.length > 0 && { tags }),
    ...(summary !== undefined && { summary }),
    ...(description !== undefined && { description }),
    ...(isDeprecated && { deprecated: true }),
    ...(request.parameters.length > 0 && { parameters: request.parameters }),
    ...(request.body !== undefined && { requestBody: request.body }),
    responses: responsesOf(parts),
  }
}

interface DescribedRequest {
  readonly parameters: readonly object[]
  readonly body: object | undefined
}

function describedRequest({ route, details, found, parameters: ofPath, schemas }: OperationParts): DescribedRequest {
  const hasBody = METHODS_WITH_BODY.has(route.method)
  const format = isRecord(found?.request_format) ? found.request_format : undefined
  const said = format === undefined ? undefined : readRequestFormat(format)
  // What a function takes from other callers is not the body of a GET.
  const isSaid = said !== undefined && (said.of === 'request' || hasBody)
  const place = isSaid ? schemas.add(`${nameOf(route)} request`, format as JsonSchema) : undefined
  const at = (part: FormatPart | undefined) =>
    place === undefined || part === undefined ? {} : referenceTo(place, part)
  const parameters = [
    ...ofPath.map(({ name, given }) => {
      const part = said?.pathParams.find((param) => param.name === given)
      const description = given === WILDCARD ? { description: 'The rest of the path; it may hold slashes.' } : {}
      return { name, in: 'path', required: true, ...description, schema: part === undefined ? TEXT : at(part) }
    }),
    ...(said?.queryParams ?? []).map((part) => parameter('query', part, at(part))),
    ...(said?.headers ?? []).filter(isShownHeader).map((part) => parameter('header', part, at(part))),
  ]
  const body = isSaid ? said.body : undefined
  if (body === undefined && !hasBody) return { parameters, body: undefined }
  const content = Object.fromEntries(details.consumes.map((type) => [type, { schema: at(body) }]))
  return { parameters, body: { ...(isSaid && said.isBodyRequired && { required: true }), content } }
}

const TEXT = { type: 'string' }

/** OpenAPI says these by other means. */
const NOT_SHOWN: ReadonlySet<string> = new Set(['accept', 'content-type', 'authorization'])

function isShownHeader({ name }: NamedPart): boolean {
  return !NOT_SHOWN.has(name.toLowerCase()) && name !== ''
}

function parameter(place: 'query' | 'header', { name, isRequired }: NamedPart, schema: object): object {
  return { name, in: place, ...(isRequired && { required: true }), schema }
}

function responsesOf({ route, details, found, schemas }: OperationParts): Record<string, unknown> {
  const format = isRecord(found?.response_format) ? found.response_format : undefined
  const said = format === undefined ? undefined : readResponseFormat(format)
  const place = format === undefined ? undefined : schemas.add(`${nameOf(route)} response`, format)
  const schema = place === undefined || said?.body === undefined ? {} : referenceTo(place, said.body)
  const status = said?.status ?? 200
  return {
    [status]: {
      description: 'The answer of the function.',
      ...(status !== 204 && {
        content: Object.fromEntries(details.produces.map((type) => [type, { schema }])),
      }),
    },
    ...(route.isValidated && { 422: { $ref: INVALID_RESPONSE } }),
    default: { $ref: ERROR_RESPONSE },
  }
}

function referenceTo(place: PlaceOf, { pointer }: FormatPart): object {
  return { $ref: place(pointer) }
}

function nameOf({ functionId, namespace }: DescribedRoute): string {
  return namespace === undefined || namespace === 'default' ? functionId : `${namespace} ${functionId}`
}
