// What the SDKs of all surfaces export alike.
export { isChannelRef, extractChannelRefs } from '../channel-refs.ts'
export type { CallFunction, CallRequest, EnqueueResult } from '../call-types.ts'
export { ChannelDirection, ChannelItem, createChannel, createStream } from './former-methods.ts'
export type { ClientOptions, ReconnectionConfig, ReconnectionConfig as IIIReconnectionConfig } from './options.ts'
export type { RegisterServiceInput } from './client.ts'
export {
  EngineFunctions,
  EngineTriggers,
  MessageType,
  type FunctionInfo,
  type TriggerInfo,
  type TriggerTypeInfo,
  type WorkerInfo,
} from '../engine-names.ts'
export {
  InvocationError,
  InvocationError as IIIInvocationError,
  RegistrationRejectedError,
  type InvocationErrorInit,
  type InvocationErrorInit as IIIInvocationErrorInit,
  type RegistrationRejectedInit,
} from '../errors.ts'
export { isErrorBody, type ErrorBody } from '../../protocol/errors.ts'
export type {
  Action as TriggerActionType,
  ChannelRef as StreamChannelRef,
  FunctionOptions as RegisterFunctionOptions,
  FunctionRef,
  Handler as RemoteFunctionHandler,
  HttpInvocation as HttpInvocationConfig,
  ListOptions,
  TriggerBinding,
  TriggerBinding as TriggerConfig,
  TriggerInput as RegisterTriggerInput,
  TriggerRef as Trigger,
  TriggerRequest,
  TriggerTypeHandler,
  TriggerTypeHandler as TriggerHandler,
  TriggerTypeInput as RegisterTriggerTypeInput,
  TriggerTypeRef,
} from '../handle-types.ts'
export type * from '../known-ids.ts'
export { RawJson } from '../raw-json.ts'
export type * from '../session-types.ts'
export { StateEventType } from '../state.ts'
export { TriggerAction } from '../trigger-action.ts'
export type { ConnectionState, ConnectionState as IIIConnectionState } from '../transports/socket-options.ts'
