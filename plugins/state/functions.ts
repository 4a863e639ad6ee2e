// The functions `state::*` (spec 02 §2): what each takes, does and answers. Storing is the adapter's business.
import { backupFunction, type BackupFunctionDeps } from '../../kit/backup/backup-function.ts'
import { registerBuiltIn, type BuiltInFunction, type FunctionRegistrar } from '../../kit/functions/built-in-function.ts'
import type { InputObject, InputReader } from '../../kit/functions/input-reader.ts'
import { decodeUpdateOperations } from '../../kit/update/decode-operations.ts'
import type { UpdateOperation } from '../../kit/update/update-operations.ts'
import { CodedError } from '../../protocol/errors.ts'
import { RawJson } from '../../sdk/raw-json.ts'
import type { StateErrorCode } from './about.ts'
import type { OnWritten, StateStore } from './adapters/store.ts'
import type { LiveSettings } from './config.ts'
import { ADDRESS, ANY_VALUE, objectSchema, OLD_AND_NEW, SCOPE, UPDATE_ERRORS, UPDATE_OPERATIONS } from './schemas.ts'

export interface StateFunctionsContext {
  readonly store: StateStore
  readonly settings: LiveSettings
  /** What to call when a write of that address has happened; made when the call arrives, to keep its trace context. */
  readonly writeListener: (scope: string, key: string, deleted: boolean) => OnWritten
  readonly backup: BackupFunctionDeps
}

const BACKUP = { id: 'state::backup', content: 'all values', errorCode: 'BACKUP_ERROR' satisfies StateErrorCode }

interface Address {
  readonly scope: string
  readonly key: string
}

export function registerStateFunctions(iii: FunctionRegistrar, context: StateFunctionsContext): void {
  registerBuiltIn(iii, setFunction(context))
  registerBuiltIn(iii, getFunction(context))
  registerBuiltIn(iii, deleteFunction(context))
  registerBuiltIn(iii, updateFunction(context))
  registerBuiltIn(iii, listFunction(context))
  registerBuiltIn(iii, listGroupsFunction(context))
  registerBuiltIn(iii, backupFunction(BACKUP, context.backup))
}

function setFunction({
  store,
  settings,
  writeListener,
}: StateFunctionsContext): BuiltInFunction<Address & { text: string }> {
  return {
    id: 'state::set',
    description: 'Stores a value under scope and key.',
    request: objectSchema({ ...ADDRESS, value: ANY_VALUE }, ['scope', 'key', 'value']),
    response: objectSchema(OLD_AND_NEW, ['old_value', 'new_value']),
    carried: ['value', 'data'],
    // `data` is an accepted alias; `value` wins when both are there.
    decode: (input, reader) => ({
      ...readAddress(input, reader),
      text: reader.carried(input, !Object.hasOwn(input, 'value') && Object.hasOwn(input, 'data') ? 'data' : 'value'),
    }),
    run: ({ scope, key, text }) => {
      refuseTooLarge(text, settings.maxValueBytes, { scope, key })
      return store.set(scope, key, text, writeListener(scope, key, false)).then(
        (old) => new RawJson(`{"old_value":${old ?? 'null'},"new_value":${text}}`),
        (cause: unknown) => failed('SET_ERROR', `set ${named({ scope, key })}`, cause),
      )
    },
  }
}

function getFunction({ store }: StateFunctionsContext): BuiltInFunction<Address> {
  return {
    id: 'state::get',
    description: 'Returns the value under scope and key; no value when there is none.',
    request: objectSchema(ADDRESS, ['scope', 'key']),
    response: ANY_VALUE,
    decode: readAddress,
    run: (address) =>
      store
        .get(address.scope, address.key)
        .then(optionalValue, (cause: unknown) => failed('GET_ERROR', `get ${named(address)}`, cause)),
  }
}

function deleteFunction({ store, writeListener }: StateFunctionsContext): BuiltInFunction<Address> {
  return {
    id: 'state::delete',
    description: 'Deletes the value under scope and key and returns it; no value when there was none.',
    request: objectSchema(ADDRESS, ['scope', 'key']),
    response: ANY_VALUE,
    decode: readAddress,
    run: (address) =>
      store
        .delete(address.scope, address.key, writeListener(address.scope, address.key, true))
        .then(optionalValue, (cause: unknown) => failed('DELETE_ERROR', `delete ${named(address)}`, cause)),
  }
}

function updateFunction({
  store,
  writeListener,
}: StateFunctionsContext): BuiltInFunction<Address & { ops: UpdateOperation[] }> {
  return {
    id: 'state::update',
    description: 'Applies operations to the value under scope and key, in order and in one atomic step.',
    request: objectSchema({ ...ADDRESS, ops: UPDATE_OPERATIONS }, ['scope', 'key', 'ops']),
    response: objectSchema({ ...OLD_AND_NEW, errors: UPDATE_ERRORS }, ['old_value', 'new_value']),
    carried: ['ops'],
    decode: (input, reader) => ({ ...readAddress(input, reader), ops: decodeUpdateOperations(input, reader) }),
    run: ({ scope, key, ops }) =>
      store.update(scope, key, ops, writeListener(scope, key, false)).then(
        ({ oldValue, newValue, errors }) => {
          const errorsMember = errors.length === 0 ? '' : `,"errors":${JSON.stringify(errors)}`
          return new RawJson(`{"old_value":${oldValue ?? 'null'},"new_value":${newValue}${errorsMember}}`)
        },
        (cause: unknown) => failed('UPDATE_ERROR', `update ${named({ scope, key })}`, cause),
      ),
  }
}

function listFunction({ store }: StateFunctionsContext): BuiltInFunction<string> {
  return {
    id: 'state::list',
    description: 'Returns the values of a scope, without their keys, oldest key first.',
    request: objectSchema({ scope: SCOPE }, ['scope']),
    response: { type: 'array', items: ANY_VALUE },
    decode: (input, reader) => reader.string(input, 'scope'),
    run: (scope) =>
      store.list(scope).then(
        (values) => new RawJson(`[${values.join(',')}]`),
        (cause: unknown) => failed('LIST_ERROR', `list scope "${scope}"`, cause),
      ),
  }
}

function listGroupsFunction({ store }: StateFunctionsContext): BuiltInFunction<null> {
  return {
    id: 'state::list_groups',
    description: 'Returns the scopes that hold at least one key, sorted.',
    request: objectSchema({}, []),
    response: objectSchema({ groups: { type: 'array', items: { type: 'string' } } }, ['groups']),
    optionalInput: true,
    decode: () => null,
    run: () =>
      store.scopes().then(
        (scopes) => ({ groups: scopes.sort() }),
        (cause: unknown) => failed('LIST_GROUPS_ERROR', 'list the scopes', cause),
      ),
  }
}

function readAddress(input: InputObject, reader: InputReader): Address {
  return { scope: reader.string(input, 'scope'), key: reader.string(input, 'key') }
}

/** Undefined sends no result at all; a stored null is sent as null. */
function optionalValue(text: string | undefined): RawJson | undefined {
  return text === undefined ? undefined : new RawJson(text)
}

/** The limit is one of compact JSON: what is longer than that as it was sent may still have blanks. */
function refuseTooLarge(text: string, limit: number | undefined, address: Address): void {
  if (limit === undefined || Buffer.byteLength(text) <= limit) return
  const bytes = Buffer.byteLength(JSON.stringify(JSON.parse(text)))
  if (bytes <= limit) return
  throw new CodedError(
    'VALUE_TOO_LARGE',
    `The value for ${named(address)} has ${bytes} bytes, max_value_bytes allows ${limit}.`,
  )
}

/** A refusal that has its own code (a full queue, a closed store) keeps it: it says that nothing was done. */
function failed(code: StateErrorCode, action: string, cause: unknown): never {
  if (cause instanceof CodedError) throw cause
  const reason = cause instanceof Error ? cause.message : String(cause)
  throw new CodedError(code, `Failed to ${action}: ${reason}`, { cause })
}

function named({ scope, key }: Address): string {
  return `key "${key}" in scope "${scope}"`
}
