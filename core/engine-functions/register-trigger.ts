// `engine::register_trigger` and `engine::unregister_trigger`: bindings without owner, made by a call (spec 01 §11.4).
import { randomUUID } from 'node:crypto'
import { CodedError } from '../../protocol/errors.ts'
import { DEFAULT_NAMESPACE } from '../../protocol/messages.ts'
import { checkCall, checkTriggerRegistration } from '../model/policy.ts'
import { isOwnFunction } from '../registry/binding-policy.ts'
import type { Worker } from '../model/worker.ts'
import type { Registries } from '../router/ports.ts'
import { BOOLEAN, answerSchema, objectSchema, reading, STRING, type EngineFunction } from '../model/engine-function.ts'
import type { EngineFunctionDeps } from './deps.ts'
import type { TriggerProposal } from '../model/binding.ts'

export function registerTriggerFunctions(deps: EngineFunctionDeps): EngineFunction[] {
  const { triggers } = deps.registries
  return [
    {
      id: 'engine::register_trigger',
      description: 'Registers a trigger that stays until it is unregistered, whoever made it',
      requestFormat: objectSchema(
        { trigger_type: STRING, function_id: STRING, config: {}, metadata: {}, trigger_namespace: STRING },
        ['trigger_type', 'function_id'],
      ),
      responseFormat: objectSchema({ id: STRING, state: { enum: ['parked'] }, hint: STRING }, ['id']),
      exact: true,
      handler: reading('engine::register_trigger', async (input, { caller }) => {
        const proposal = {
          triggerId: randomUUID(),
          triggerType: input.requiredString('trigger_type'),
          functionId: input.requiredString('function_id'),
          config: input.value('config'),
          metadata: input.value('metadata'),
        }
        const triggerNamespace = input.string('trigger_namespace')
        const admitted = await admit(deps, caller, proposal)
        const { triggerType, functionId, config, metadata } = admitted
        const id = proposal.triggerId
        const madeUnder = caller.policy.kind === 'engine' ? undefined : caller.policy
        await triggers.bindAndWait({
          owner: null,
          id,
          triggerType,
          functionId,
          config,
          metadata,
          triggerNamespace,
          madeUnder,
        })
        const hint = triggers.whyParked(id, (type) => checkTriggerRegistration(caller.policy, type) === undefined)
        return hint === undefined ? { id } : { id, state: 'parked', hint }
      }),
    },
    {
      id: 'engine::unregister_trigger',
      description: 'Removes a trigger that engine::register_trigger made, or that the caller registered',
      requestFormat: objectSchema({ id: STRING, trigger_type: STRING }, ['id']),
      responseFormat: answerSchema({ removed: BOOLEAN }),
      handler: reading('engine::unregister_trigger', (input, { caller }) => {
        const id = input.requiredString('id')
        input.string('trigger_type')
        const removed = triggers.unbind(id, caller)
        // To a session it is as if there were none.
        if (!removed && caller.policy.kind !== 'session' && triggers.findBinding(id) !== undefined) {
          throw new CodedError(
            'unregister_failed',
            `Trigger '${id}' belongs to another worker; only that one can unregister it.`,
          )
        }
        return { removed }
      }),
    },
  ]
}

/** The rules of a session for triggers: type, hook, prefix, target (spec 04 B.6). */
async function admit(
  { registries, askTriggerHook }: EngineFunctionDeps,
  caller: Worker,
  proposal: TriggerProposal,
): Promise<TriggerProposal> {
  const refusal = checkTriggerRegistration(caller.policy, proposal.triggerType)
  if (refusal !== undefined) throw new CodedError(refusal.code, refusal.message)
  if (caller.policy.kind !== 'session') return proposal
  const { prefix, onTriggerRegistration: hook } = caller.policy.rights
  if (hook !== undefined && askTriggerHook === undefined)
    throw new CodedError('FORBIDDEN', `hook '${hook}' cannot be asked`)
  const answer = hook === undefined ? proposal : await askTriggerHook?.(caller, proposal)
  const accepted = answer ?? proposal
  const functionId = prefix === undefined ? accepted.functionId : `${prefix}::${accepted.functionId}`
  checkTarget(registries, caller, functionId)
  return { ...accepted, functionId }
}

function checkTarget({ functions }: Registries, caller: Worker, functionId: string): void {
  if (isOwnFunction(caller, { namespace: DEFAULT_NAMESPACE, functionId }, functions)) return
  const registered = functions.find(DEFAULT_NAMESPACE, functionId)?.presented?.registration.metadata
  if (checkCall(caller.policy, DEFAULT_NAMESPACE, functionId, registered) === undefined) return
  throw new CodedError('FORBIDDEN', `function '${functionId}' not allowed in namespace '${DEFAULT_NAMESPACE}'`)
}
