// The functions `stream::*` (spec 02 §3): what each takes, does and answers. Where the items are is the business of `items.ts`.
import { backupFunction, type BackupFunctionDeps } from '../../kit/backup/backup-function.ts'
import { registerBuiltIn, type BuiltInFunction, type FunctionRegistrar } from '../../kit/functions/built-in-function.ts'
import type { InputObject, InputReader } from '../../kit/functions/input-reader.ts'
import { decodeUpdateOperations } from '../../kit/update/decode-operations.ts'
import type { UpdateOperation } from '../../kit/update/update-operations.ts'
import type { StreamErrorCode } from './about.ts'
import type { ItemAddress } from './adapters/store.ts'
import type { StreamItems } from './items.ts'
import {
  ANY_VALUE,
  GROUP,
  ITEM,
  objectSchema,
  OLD_AND_NEW,
  STREAM,
  TEXTS,
  UPDATE_ERRORS,
  UPDATE_OPERATIONS,
} from './schemas.ts'

interface GroupAddress {
  readonly stream: string
  readonly group: string
}

const BACKUP = {
  id: 'stream::backup',
  content: 'all items and their history',
  errorCode: 'STREAM_BACKUP_ERROR' satisfies StreamErrorCode,
}

export function registerStreamFunctions(iii: FunctionRegistrar, items: StreamItems, backup: BackupFunctionDeps): void {
  registerBuiltIn(iii, setFunction(items))
  registerBuiltIn(iii, getFunction(items))
  registerBuiltIn(iii, deleteFunction(items))
  registerBuiltIn(iii, updateFunction(items))
  registerBuiltIn(iii, listFunction(items))
  registerBuiltIn(iii, listGroupsFunction(items))
  registerBuiltIn(iii, listAllFunction(items))
  registerBuiltIn(iii, sendFunction(items))
  registerBuiltIn(iii, backupFunction(BACKUP, backup))
}

function setFunction(items: StreamItems): BuiltInFunction<{ address: ItemAddress; data: string }> {
  return {
    id: 'stream::set',
    description: 'Stores an item and tells the subscribers of its group.',
    request: objectSchema({ ...ITEM, data: ANY_VALUE }, ['stream_name', 'group_id', 'item_id', 'data']),
    response: objectSchema(OLD_AND_NEW, ['old_value', 'new_value']),
    carried: ['data'],
    decode: (input, reader) => ({ address: readItem(input, reader), data: reader.carried(input, 'data') }),
    run: ({ address, data }) => items.set(address, data),
  }
}

function getFunction(items: StreamItems): BuiltInFunction<ItemAddress> {
  return {
    id: 'stream::get',
    description: 'Returns an item; no value when there is none.',
    request: objectSchema(ITEM, ['stream_name', 'group_id', 'item_id']),
    response: ANY_VALUE,
    decode: readItem,
    run: (address) => items.get(address),
  }
}

function deleteFunction(items: StreamItems): BuiltInFunction<ItemAddress> {
  return {
    id: 'stream::delete',
    description: 'Deletes an item and tells the subscribers of its group, if there was one.',
    request: objectSchema(ITEM, ['stream_name', 'group_id', 'item_id']),
    response: objectSchema({ old_value: OLD_AND_NEW.old_value }, ['old_value']),
    decode: readItem,
    run: (address) => items.delete(address),
  }
}

interface UpdateInput {
  readonly address: ItemAddress
  readonly operations: readonly UpdateOperation[]
  /** JSON text as it came, for a worker that serves updates itself. */
  readonly ops: string
}

function updateFunction(items: StreamItems): BuiltInFunction<UpdateInput> {
  return {
    id: 'stream::update',
    description:
      'Applies operations to an item, in order and in one atomic step, and tells the subscribers of its group.',
    request: objectSchema({ ...ITEM, ops: UPDATE_OPERATIONS }, ['stream_name', 'group_id', 'item_id', 'ops']),
    response: objectSchema({ ...OLD_AND_NEW, errors: UPDATE_ERRORS }, ['old_value', 'new_value']),
    carried: ['ops'],
    decode: (input, reader) => ({
      address: readItem(input, reader),
      operations: decodeUpdateOperations(input, reader),
      ops: reader.carried(input, 'ops'),
    }),
    run: ({ address, operations, ops }) => items.update(address, operations, ops),
  }
}

function listFunction(items: StreamItems): BuiltInFunction<GroupAddress> {
  return {
    id: 'stream::list',
    description: 'Returns the items of a group, without their ids, oldest item first.',
    request: objectSchema(GROUP, ['stream_name', 'group_id']),
    response: { type: 'array', items: ANY_VALUE },
    decode: readGroup,
    run: ({ stream, group }) => items.list(stream, group),
  }
}

function listGroupsFunction(items: StreamItems): BuiltInFunction<string> {
  return {
    id: 'stream::list_groups',
    description: 'Returns the groups of a stream that hold at least one item, sorted.',
    request: objectSchema({ stream_name: STREAM }, ['stream_name']),
    response: TEXTS,
    decode: (input, reader) => reader.string(input, 'stream_name'),
    run: (stream) => items.listGroups(stream),
  }
}

function listAllFunction(items: StreamItems): BuiltInFunction<null> {
  return {
    id: 'stream::list_all',
    description:
      'Returns every stream that holds at least one item, with its groups, sorted. Custom streams are left out.',
    request: objectSchema({}, []),
    response: objectSchema(
      {
        stream: { type: 'array', items: objectSchema({ id: { type: 'string' }, groups: TEXTS }, ['id', 'groups']) },
        count: { type: 'integer' },
      },
      ['stream', 'count'],
    ),
    optionalInput: true,
    decode: () => null,
    run: () => items.listAll(),
  }
}

interface SendInput extends GroupAddress {
  readonly item: string | null
  readonly type: string
  /** JSON text. */
  readonly data: string
}

function sendFunction(items: StreamItems): BuiltInFunction<SendInput> {
  return {
    id: 'stream::send',
    description:
      'Sends an event to the subscribers of a group, and with an id to those of that item; nothing is stored.',
    request: objectSchema(
      {
        ...GROUP,
        id: {
          type: ['string', 'null'],
          description: 'Item whose subscribers get it too; absent = those of the group only.',
        },
        type: { type: ['string', 'null'], description: 'Type of the event. Default `event`.' },
        event_type: { type: ['string', 'null'], description: 'Another name of `type`, which wins.' },
        data: ANY_VALUE,
      },
      ['stream_name', 'group_id'],
    ),
    response: { type: 'null' },
    carried: ['data'],
    // Public examples send `event_type` instead of `type`, or neither, and leave out `data`.
    decode: (input, reader) => ({
      ...readGroup(input, reader),
      item: readOptional(input, 'id', reader) ?? null,
      type: readOptional(input, 'type', reader) ?? readOptional(input, 'event_type', reader) ?? 'event',
      data: Object.hasOwn(input, 'data') ? reader.carried(input, 'data') : 'null',
    }),
    run: ({ stream, group, item, type, data }) => items.send(stream, group, item, type, data),
  }
}

function readGroup(input: InputObject, reader: InputReader): GroupAddress {
  return { stream: reader.string(input, 'stream_name'), group: reader.string(input, 'group_id') }
}

function readItem(input: InputObject, reader: InputReader): ItemAddress {
  const stream = reader.string(input, 'stream_name')
  const group = reader.string(input, 'group_id')
  return { stream, group, item: reader.string(input, 'item_id') }
}

/** A text, null or nothing. */
function readOptional(input: InputObject, member: string, reader: InputReader): string | undefined {
  const value = Object.hasOwn(input, member) ? (input[member] ?? undefined) : undefined
  if (value === undefined || typeof value === 'string') return value
  return reader.wrong(input, member, 'a string')
}
