// An `api_path` as a path of an OpenAPI document. Pure.
import { isParameter, segmentsOf, WILDCARD } from '../../routes/segments.ts'

export interface PathTemplate {
  /** `/users/{id}` */
  readonly template: string
  /** Equal for paths that OpenAPI holds to be the same: names of parameters do not count. */
  readonly shape: string
  /** In the order of the path. */
  readonly parameters: readonly TemplateParameter[]
}

export interface TemplateParameter {
  /** In the template. */
  readonly name: string
  /** As functions get it: `*` for a wildcard. */
  readonly given: string
}

export function pathTemplate(pattern: string): PathTemplate {
  const parameters: TemplateParameter[] = []
  const template: string[] = []
  const shape: string[] = []
  const segments = segmentsOf(pattern)
  for (const [index, segment] of segments.entries()) {
    const isRest = segment === WILDCARD && index === segments.length - 1
    if (!isRest && !isParameter(segment)) {
      const literal = segment.replaceAll('{', '%7B').replaceAll('}', '%7D')
      template.push(literal)
      shape.push(literal)
      continue
    }
    const given = isRest ? WILDCARD : segment.slice(1)
    const name = freeName(isRest ? 'rest' : given.replaceAll(/[{}]/g, '_'), parameters)
    parameters.push({ name, given })
    template.push(`{${name}}`)
    shape.push('{}')
  }
  return { template: `/${template.join('/')}`, shape: `/${shape.join('/')}`, parameters }
}

function freeName(name: string, taken: readonly TemplateParameter[]): string {
  let free = name
  while (taken.some((parameter) => parameter.name === free)) free = `${free}_`
  return free
}
