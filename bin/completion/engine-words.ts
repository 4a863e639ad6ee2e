// Words of a running engine for a shell: ids of functions, names of workers, members of a payload. It answers at once or not at all:
// somebody waits with a finger on the key.
import { isRecord } from '../../base/values/is-record.ts'
import { oneLine } from '../../base/values/one-line.ts'
import type { CompletionSource } from '../../sdk/built-in.ts'
import { connectionFrom } from '../connection-options.ts'
import { invokeOnce, type EngineAddress } from '../engine-client.ts'
import type { Offer } from './complete.ts'

/** From the first attempt to the answer. */
export const ASK_MS = 200
const OFFERS_MAX = 1_000
const DESCRIPTION_LENGTH = 70
/** What a shell leaves as it is: anything else in a name would have to be quoted, differently in each. */
const PLAIN_WORD = /^[\w.:@/+-]+$/

type Options = ReadonlyMap<string, string>

export async function engineWords(source: CompletionSource, options: Options): Promise<Offer[]> {
  const { functionId, input = {}, rows, word } = source
  const answer = await asked(functionId, input, options)
  const listed = isRecord(answer) && Array.isArray(answer[rows]) ? (answer[rows] as unknown[]) : []
  const offers = listed.flatMap((row) => {
    const name = isRecord(row) ? row[word] : undefined
    if (typeof name !== 'string' || !PLAIN_WORD.test(name)) return []
    return [{ word: name, description: descriptionOf(row as Record<string, unknown>) }]
  })
  return [...new Map(offers.map((offer) => [offer.word, offer])).values()].slice(0, OFFERS_MAX)
}

/** `name=` for each member, `name=value` for each value of one that has few. */
export async function payloadWords(functionId: string, options: Options): Promise<Offer[]> {
  const info = await asked('engine::functions::info', { function_id: functionId }, options)
  const schema = isRecord(info) ? (info['request_schema'] ?? info['request_format']) : undefined
  const properties = isRecord(schema) && isRecord(schema['properties']) ? schema['properties'] : {}
  return Object.entries(properties).flatMap(([name, property]) => {
    if (!PLAIN_WORD.test(name) || !isRecord(property)) return []
    const values = Array.isArray(property['enum'])
      ? property['enum']
      : property['type'] === 'boolean'
        ? [true, false]
        : []
    const plain = values.map(String).filter((value) => PLAIN_WORD.test(value))
    const description = descriptionOf(property)
    return plain.length > 0
      ? plain.map((value) => ({ word: `${name}=${value}`, description }))
      : [{ word: `${name}=`, description }]
  })
}

async function asked(functionId: string, data: unknown, options: Options): Promise<unknown> {
  try {
    return await invokeOnce(await engineMeant(options), { functionId, data, timeoutMs: ASK_MS })
  } catch {
    // No engine, or none that is quick enough: nothing is offered.
    return undefined
  }
}

/** As the command line says, else III_URL, else the engine of the project in this folder. */
async function engineMeant(options: Options): Promise<EngineAddress> {
  const written = { address: options.get('address') ?? options.get('host'), port: options.get('port') }
  const isSaid = written.address !== undefined || written.port !== undefined || process.env['III_URL']
  if (!isSaid) {
    const { findProject } = await import('../plugin-project.ts')
    const { port } = findProject(options.get('config'))
    if (port !== undefined) written.port = String(port)
  }
  return connectionFrom({ ...written, 'timeout-ms': String(ASK_MS) }).at
}

function descriptionOf({ description }: Readonly<Record<string, unknown>>): string {
  const text = typeof description === 'string' ? oneLine(description).replaceAll('\t', ' ') : ''
  return text.length > DESCRIPTION_LENGTH ? `${text.slice(0, DESCRIPTION_LENGTH - 1)}…` : text
}
