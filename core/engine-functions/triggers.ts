// Listings of trigger types and of bindings (spec 04 C.2). What `engine::triggers::list` means depends on the age of the caller's SDK.
import { CodedError } from '../../protocol/errors.ts'
import { DEFAULT_NAMESPACE } from '../../protocol/messages.ts'
import type { Binding } from '../model/binding.ts'
import { checkTriggerRegistration, type Policy } from '../model/policy.ts'
import type { LocalContext } from '../model/function-entry.ts'
import type { TriggerType } from '../model/trigger-type.ts'
import { seesBinding, seesFunction, viewerOf, type Viewer } from '../registry/visibility.ts'
import type { Registries } from '../router/ports.ts'
import { bindingRow, byId, contains, functionDetail, oldBindingRow, typeDetail, typeRow } from './details.ts'
import {
  BOOLEAN,
  OBJECT,
  OBJECTS,
  answerSchema,
  objectSchema,
  reading,
  STRING,
  type EngineFunction,
} from '../model/engine-function.ts'
import type { EngineFunctionDeps } from './deps.ts'
import type { Input } from '../model/input.ts'
import { isOlder } from '../model/sdk-version.ts'

/** Since this version `engine::triggers::list` lists types; before, bindings. */
const TYPES_SINCE = [0, 13] as const

export function triggerFunctions({ registries }: EngineFunctionDeps): EngineFunction[] {
  return [
    {
      id: 'engine::triggers::list',
      description: 'Lists the trigger types; to SDKs before 0.13, and with kind "instances", the registered triggers',
      requestFormat: objectSchema({
        search: STRING,
        prefix: STRING,
        worker: STRING,
        include_internal: BOOLEAN,
        kind: STRING,
      }),
      responseFormat: answerSchema({ triggers: OBJECTS }),
      handler: reading('engine::triggers::list', (input, context) => ({ triggers: list(registries, input, context) })),
    },
    {
      id: 'engine::trigger-types::list',
      description: 'Lists the trigger types with their schemas, in the form of SDKs before 0.13',
      requestFormat: objectSchema({ include_internal: BOOLEAN }),
      responseFormat: answerSchema({ trigger_types: OBJECTS }),
      handler: reading('engine::trigger-types::list', (input) => ({ trigger_types: listOldTypes(registries, input) })),
    },
    {
      id: 'engine::triggers::info',
      description: 'Describes a trigger type',
      requestFormat: objectSchema({ id: STRING, namespace: STRING }, ['id']),
      responseFormat: OBJECT,
      handler: reading('engine::triggers::info', (input, { caller }) => typeInfo(registries, input, caller.policy)),
    },
    {
      id: 'engine::registered-triggers::list',
      description: 'Lists the registered triggers',
      requestFormat: objectSchema({
        search: STRING,
        trigger_type: STRING,
        function_id: STRING,
        worker: STRING,
        include_internal: BOOLEAN,
      }),
      responseFormat: answerSchema({ registered_triggers: OBJECTS }),
      handler: reading('engine::registered-triggers::list', (input, { caller }) => ({
        registered_triggers: listBindings(registries, input, viewerOf(caller)),
      })),
    },
    {
      id: 'engine::registered-triggers::info',
      description: 'Describes a registered trigger with its type and its function',
      requestFormat: objectSchema({ id: STRING }, ['id']),
      responseFormat: OBJECT,
      handler: reading('engine::registered-triggers::info', (input, { caller }) =>
        bindingInfo(registries, input, viewerOf(caller)),
      ),
    },
  ]
}

function list(registries: Registries, input: Input, { caller }: LocalContext): object[] {
  const old = isOlder(caller.announcement?.version, TYPES_SINCE)
  if (!old && input.string('kind') !== 'instances') return listTypes(registries, input)
  const includeInternal = input.boolean('include_internal')
  const viewer = viewerOf(caller)
  return visible(registries, viewer)
    .filter((binding) => includeInternal || !targetsEngine(binding))
    .sort(byId)
    .map(oldBindingRow)
}

function listTypes({ triggers, known }: Registries, input: Input): object[] {
  const search = input.string('search')
  const prefix = input.string('prefix')
  const worker = input.string('worker')
  return shownTypes(triggers.types(), input)
    .map((type) => typeRow(type, known))
    .filter(
      ({ id, description, worker_name }) =>
        (search === undefined || contains(id, search) || contains(description, search)) &&
        (prefix === undefined || id.startsWith(prefix)) &&
        (worker === undefined || worker_name === worker),
    )
    .sort(byId)
}

function listOldTypes({ triggers }: Registries, input: Input): object[] {
  return shownTypes(triggers.types(), input)
    .map(({ id, current }) => ({
      id,
      description: current?.description ?? '',
      ...(current?.triggerRequestFormat === undefined ? {} : { trigger_request_format: current.triggerRequestFormat }),
      ...(current?.callRequestFormat === undefined ? {} : { call_request_format: current.callRequestFormat }),
    }))
    .sort(byId)
}

function shownTypes(types: Iterable<TriggerType>, input: Input): TriggerType[] {
  const includeInternal = input.boolean('include_internal')
  return [...types].filter(({ id }) => includeInternal || !id.startsWith('engine::'))
}

function typeInfo(registries: Registries, input: Input, policy: Policy): object {
  const id = input.requiredString('id')
  const namespace = input.string('namespace') ?? DEFAULT_NAMESPACE
  const { triggers } = registries
  const type = triggers.findType(namespace, id)
  if (type === undefined) {
    const hint = triggers.suggestType(id, (other) => checkTriggerRegistration(policy, other) === undefined)
    throw new CodedError('NOT_FOUND', `Trigger type '${id}' is not registered in namespace '${namespace}'.${hint}`)
  }
  return typeDetail(type, registries)
}

function listBindings(registries: Registries, input: Input, viewer: Viewer): object[] {
  const search = input.string('search')
  const triggerType = input.string('trigger_type')
  const functionId = input.string('function_id')
  const worker = input.string('worker')
  const includeInternal = input.boolean('include_internal')
  return visible(registries, viewer)
    .filter((binding) => includeInternal || !targetsEngine(binding))
    .map((binding) => bindingRow(binding, registries.functions))
    .filter(
      (row) =>
        (triggerType === undefined || row.trigger_type === triggerType) &&
        (functionId === undefined || row.function_id === functionId) &&
        (worker === undefined || row.worker_name === worker) &&
        (search === undefined ||
          contains(row.id, search) ||
          contains(row.trigger_type, search) ||
          contains(row.function_id, search)),
    )
    .sort(byId)
}

function bindingInfo(registries: Registries, input: Input, viewer: Viewer): object {
  const id = input.requiredString('id')
  const { functions, triggers } = registries
  const binding = triggers.findBinding(id)
  if (binding === undefined || !seesBinding(viewer, binding, functions)) {
    throw new CodedError('NOT_FOUND', `Registered trigger '${id}' was not found.`)
  }
  const { functionId, namespace, metadata } = binding.logical.content
  const type = triggers.typeOf(binding.logical.content)
  const target = functions.resolve(namespace, functionId)
  return {
    ...bindingRow(binding, functions),
    ...(metadata === undefined ? {} : { metadata }),
    trigger: type === undefined ? null : typeDetail(type, registries),
    function: target === undefined || !seesFunction(viewer, target) ? null : functionDetail(target, registries, viewer),
  }
}

function visible({ functions, triggers }: Registries, viewer: Viewer): Binding[] {
  return [...triggers.bindings()].filter((binding) => seesBinding(viewer, binding, functions))
}

function targetsEngine({ logical }: Binding): boolean {
  return logical.functionId.startsWith('engine::')
}
