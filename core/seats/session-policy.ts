// Asks the holder of the seat `session-policy` what a connection to a listener with `rbac` may do, and checks the shape of its answer
// (spec 04 B.3, 09 §4). The rights are the holder's word alone: nothing is added here, and nothing is assumed.
import { parseUnrounded } from '../../base/values/exact-json.ts'
import { CodedError, UNANSWERED } from '../../protocol/errors.ts'
import type { ExposeFilter, SessionAnswer, SessionQuestion } from '../../protocol/seats.ts'
import type { WorkerNames } from '../config/worker-names.ts'
import type { ExactGrants } from '../model/exact-grants.ts'
import type { Policy, SessionRights } from '../model/policy.ts'
import type { AuthInput } from './auth-input.ts'
import type { Seat } from './seat.ts'

/** An auth function has 30 s; whoever asks it is to be able to say that it took longer. */
const DECISION_MS = 31_000

/** Told where nobody has decided. Why that is so is not for whoever is at the door. */
const NOT_NOW = 'this listener can not decide on connections at the moment; try again later'

/** A connection that wants to come in. */
export interface Newcomer {
  /** Instance id of the listener. */
  readonly listener: string
  /** The listener's block, as written. */
  readonly rbac: SessionQuestion['rbac']
  readonly middleware: string | undefined
  /** Errors that it gets keep the stack of what was thrown. */
  readonly seesStacks: boolean
  readonly input: AuthInput
}

export class SessionPolicy {
  readonly #seat: Seat<SessionQuestion, SessionAnswer>
  readonly #exact: ExactGrants
  /** By their JSON: what ten thousand sessions have alike is there once. */
  readonly #parts = new Map<string, unknown>()
  /** The built-in that holds the seat where it runs. */
  readonly usualHolder: string | undefined

  /** @param names what no wildcard of an answer reaches, and who holds the seat. */
  constructor(seat: Seat<SessionQuestion, SessionAnswer>, names: Pick<WorkerNames, 'exactGrants' | 'ofSeat'>) {
    this.#seat = seat
    this.#exact = names.exactGrants
    this.usualHolder = names.ofSeat(seat.name)
  }

  /** Somebody is there to decide; a listener with `rbac` does not open before. */
  get isHeld(): boolean {
    return this.#seat.isHeld
  }

  /** @throws CodedError with code AUTH_ERROR and the reason. */
  async decide({ listener, rbac, middleware, seesStacks, input }: Newcomer): Promise<Policy> {
    try {
      const question = { listener, rbac, middleware_function_id: middleware ?? null, ...input }
      const answer = checked(await this.#seat.ask(question, DECISION_MS, { read: parseUnrounded }))
      const rights = this.#part(rightsOf(this.#shared(answer)))
      return { kind: 'session', rights, middleware, seesStacks, exact: this.#exact }
    } catch (error) {
      const { code, message } = error as Error & { code?: string }
      const isAway = code !== undefined && UNANSWERED.has(code)
      throw new CodedError('AUTH_ERROR', isAway ? NOT_NOW : message, { cause: error })
    }
  }

  /** The answer, with the parts of earlier ones where they are equal. */
  #shared(answer: SessionAnswer): SessionAnswer {
    const members = Object.entries(answer).map(([name, value]) => [name, this.#part(value)])
    return Object.fromEntries(members) as SessionAnswer
  }

  #part<Part>(value: Part): Part {
    if (typeof value !== 'object' || value === null) return value
    const text = JSON.stringify(value)
    if (text.length > MAX_SHARED_CHARACTERS) return value
    const known = this.#parts.get(text)
    if (known !== undefined) return known as Part
    if (this.#parts.size >= MAX_SHARED) this.#parts.clear()
    this.#parts.set(text, value)
    return value
  }
}

/** Parts of rights that are kept for the next session that has the same, and how long their text may be. */
const MAX_SHARED = 1_000
const MAX_SHARED_CHARACTERS = 10_000

type Check = (value: unknown) => boolean

const isStrings: Check = (value) => Array.isArray(value) && value.every((item) => typeof item === 'string')
const isBoolean: Check = (value) => typeof value === 'boolean'
const isName: Check = (value) => typeof value === 'string' && value.trim() !== ''
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isPositive: Check = (value) => typeof value === 'number' && value > 0
const isGrants: Check = (value) => isRecord(value) && Object.values(value).every(isStrings)
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value)

function isFilter(value: unknown): value is ExposeFilter {
  if (!isRecord(value)) return false
  const { match, metadata, namespace, ...others } = value
  if (Object.keys(others).length > 0 || (namespace !== undefined && !isName(namespace))) return false
  // An empty map would match every function that has metadata at all.
  if (match === undefined) return isRecord(metadata) && Object.keys(metadata).length > 0
  return metadata === undefined && typeof match === 'string' && match !== ''
}

const NAME_OR_NULL = [orNull(isName), 'a text that is not blank, or null'] as const

/** Every member that an answer has, no other. */
const MEMBERS: Readonly<Record<keyof SessionAnswer, readonly [Check, string]>> = {
  allowed_functions: [isStrings, 'a list of texts'],
  forbidden_functions: [isStrings, 'a list of texts'],
  expose_functions: [
    (value) => Array.isArray(value) && value.every(isFilter),
    'a list of filters, each {match} or {metadata}, with or without {namespace}',
  ],
  namespaces: [isGrants, 'an object of lists of texts'],
  allow_function_registration: [isBoolean, 'true or false'],
  allow_trigger_type_registration: [isBoolean, 'true or false'],
  allowed_trigger_types: [orNull(isStrings), 'a list of texts, or null'],
  function_registration_prefix: NAME_OR_NULL,
  on_function_registration_function_id: NAME_OR_NULL,
  on_trigger_registration_function_id: NAME_OR_NULL,
  on_trigger_type_registration_function_id: NAME_OR_NULL,
  context: [isRecord, 'an object'],
  expires_in_ms: [orNull(isPositive), 'a number above 0, or null'],
}

/** @throws Error naming the member of an unexpected shape. */
function checked(answer: unknown): SessionAnswer {
  if (!isRecord(answer)) throw new Error(`the session's rights must be an object, not ${shown(answer)}`)
  for (const [name, [check, expected]] of Object.entries(MEMBERS)) {
    if (!Object.hasOwn(answer, name)) throw new Error(`'${name}' of the session's rights is missing`)
    if (!check(answer[name]))
      throw new Error(`'${name}' of the session's rights must be ${expected}, not ${shown(answer[name])}`)
  }
  // It may be a limit, which nobody would enforce.
  const unknown = Object.keys(answer).find((name) => !Object.hasOwn(MEMBERS, name))
  if (unknown !== undefined) throw new Error(`'${unknown}' is no member of a session's rights`)
  return answer as unknown as SessionAnswer
}

function rightsOf(answer: SessionAnswer): SessionRights {
  return {
    allowedFunctions: answer.allowed_functions,
    forbiddenFunctions: answer.forbidden_functions,
    allowedTriggerTypes: answer.allowed_trigger_types ?? undefined,
    allowFunctionRegistration: answer.allow_function_registration,
    allowTriggerTypeRegistration: answer.allow_trigger_type_registration,
    context: answer.context,
    prefix: answer.function_registration_prefix ?? undefined,
    namespaces: answer.namespaces,
    expose: answer.expose_functions,
    expiresInMs: answer.expires_in_ms ?? undefined,
    onFunctionRegistration: answer.on_function_registration_function_id ?? undefined,
    onTriggerRegistration: answer.on_trigger_registration_function_id ?? undefined,
    onTriggerTypeRegistration: answer.on_trigger_type_registration_function_id ?? undefined,
  }
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'no value'
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
