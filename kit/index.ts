// The public face of the kit: what plugins share, published as `iii-host/kit`. `docs/reference/kit.md` has a sentence about each name;
// what is not named here may change at any time.

// Functions
export { registerBuiltIn, type BuiltInFunction, type FunctionRegistrar } from './functions/built-in-function.ts'
export type { ChangedFunction, FunctionsChanged } from './functions/functions-changed.ts'
export { describeValue, InputReader, type InputObject } from './functions/input-reader.ts'
export { ANY_VALUE, objectSchema, OLD_AND_NEW, UPDATE_ERRORS, UPDATE_OPERATIONS } from './functions/function-schemas.ts'
export { CodedError } from '../protocol/errors.ts'
export { InvocationError } from '../sdk/errors.ts'
export { RawJson } from '../sdk/raw-json.ts'
export { currentCallContext } from '../sdk/async-call-contexts.ts'

// Trigger types
export {
  readCondition,
  readConfigObject,
  readOptionalText,
  TriggerBindings,
  type BindingFilter,
  type TriggerBindingsOptions,
} from './triggers/trigger-bindings.ts'
export { LeftEvents, type LeftEventsOptions } from './triggers/left-events.ts'
export { LANE_DEFAULTS, type LaneLimits } from './triggers/binding-lane.ts'
export {
  runBinding,
  type BindingCall,
  type BindingCallDeps,
  type BindingOutcome,
  type BindingSteps,
  type Caller,
  type EventOrigin,
} from './triggers/binding-call.ts'
export { BindingProblems, type BindingLog, type BindingProblemsOptions } from './triggers/binding-problems.ts'
export { PacedCaller, type PacedHandle } from './triggers/paced-caller.ts'

// Adapters
export {
  AdapterSet,
  type Adapter,
  type AdapterChoice,
  type AdapterDescription,
  type ChosenAdapter,
} from './adapters/adapter-set.ts'
export { kvOption, readKvSettings, type KvSettings, type KvSettingsContext } from './adapters/kv-settings.ts'

// A store on disk
export { SqliteStore, type SqliteStoreOptions } from './sqlite/sqlite-store.ts'
export { StoreError } from './sqlite/store-error.ts'
export { ORDERED_TABLE_SCHEMA, OrderedTable, type TableHome } from './sqlite/ordered-table.ts'
export type { BatchListener, GroupCommitLimits, RunOptions } from './sqlite/group-commit.ts'

// Redis
export {
  connectRedis,
  type RedisArgument,
  type RedisConnection,
  type RedisOptions,
  type RedisScript,
} from './redis/redis-connection.ts'
export { REDIS_DEFAULTS, type RedisLimits } from './redis/client-options.ts'
export { REDIS_OPTION, redisSettings } from './redis/redis-option.ts'
export { RedisError, type RedisFailure } from './redis/redis-error.ts'
export type { SubscriptionListener } from './redis/subscriber.ts'

// Another engine
export { openBridge, type Bridge, type BridgeOptions } from './bridge/bridge.ts'
export { BRIDGE_OPTION } from './bridge/bridge-option.ts'

// The update language of state and streams
export { applyUpdate, updateText, type UpdateResult } from './update/update-operations.ts'
export { decodeUpdateOperations } from './update/decode-operations.ts'
export type { UpdateError, UpdateOperation, UpdatePath } from './update/operation.ts'

// Files
export { PathWatch, type PathWatchDeps } from '../base/files/path-watch.ts'
export { removeLeftovers, syncFolder, writeWhole, type WriteOptions } from '../base/files/atomic-file.ts'
export {
  appendItem as appendYamlItem,
  replaceMemberByComment as replaceYamlMember,
  setMember as setYamlMember,
  type YamlPath,
} from '../base/files/yaml-edit.ts'

// Time and logs
export { systemClock, type Clock } from '../base/time/clock.ts'
export { settlesWithin, withDeadline } from '../base/time/deadline.ts'
export { BackOff, backOffMs, type BackOffOptions } from '../base/time/back-off.ts'
export { Burst, type BurstDeps } from '../base/time/burst.ts'
export { LimitedWarning, type LimitedWarningOptions } from '../base/warnings/limited-warning.ts'

// JSON
export type { JsonObject, JsonValue } from '../base/values/json-value.ts'
export type { JsonSchema } from '../base/values/json-schema.ts'
