// The types of functions that decide on sessions: what a listener's auth function, middleware and hooks get and return (spec 08 §9).

/** What an auth function gets. It is asked once per connection, before that is read. */
export interface AuthInput {
  /** Of the request that connects, with names in lower case. */
  headers: Record<string, string>
  /** Percent-decoded; `?flag` gives `{ flag: [''] }`. */
  query_params: Record<string, string[]>
  /** Of the other end of the connection: behind a proxy, that of the proxy. */
  ip_address: string
}

/** What an auth function returns: the rights of the session. Throwing refuses the connection. */
export interface AuthResult {
  /** Ids in the namespace `default`, exact, added to those that the listener exposes. Default: none. */
  allowed_functions?: string[]
  /** Ids, exact, that are refused in every namespace, whatever else allows them. Default: none. */
  forbidden_functions?: string[]
  /** Trigger types that the session may bind functions to. Left out: all. */
  allowed_trigger_types?: string[]
  /** May the session provide trigger types? Default false. */
  allow_trigger_type_registration?: boolean
  /** May the session register functions? Default true. */
  allow_function_registration?: boolean
  /** Handed to middleware and hooks. Default: `{}`. */
  context?: any
  /** Put before the ids of functions that the session registers, with `::` between. Default: none. */
  function_registration_prefix?: string
  /** Where the session may announce itself, each with the ids and patterns that it may call there. Default: anywhere, and none. */
  namespaces?: Record<string, string[]>
  /** Milliseconds above 0 after which the session is ended. Default: never. */
  expires_in_ms?: number
}

/** What a middleware function gets. What it returns is the result of the call; to go on it makes the call itself. */
export interface MiddlewareFunctionInput {
  function_id: string
  payload: any
  action?: { type: 'void' } | { type: 'enqueue'; queue: string }
  /** As the auth function gave it. */
  context: any
  namespace?: string
}

/** What a hook on the registration of functions gets. */
export interface OnFunctionRegistrationInput {
  function_id: string
  description?: string
  metadata?: Record<string, any>
  context: any
  namespace?: string
}

/** What a hook on the registration of functions returns: what is to be different. Throwing refuses the registration. */
export interface OnFunctionRegistrationResult {
  function_id?: string
  description?: string
  metadata?: Record<string, any>
}

/** What a hook on bindings gets. */
export interface OnTriggerRegistrationInput {
  trigger_id: string
  trigger_type: string
  function_id: string
  config: any
  metadata?: Record<string, any>
  context: any
  namespace?: string
}

/** What a hook on bindings returns: what is to be different. Throwing refuses the binding. */
export interface OnTriggerRegistrationResult {
  trigger_id?: string
  trigger_type?: string
  function_id?: string
  config?: any
}

/** What a hook on the registration of trigger types gets. */
export interface OnTriggerTypeRegistrationInput {
  trigger_type_id: string
  description: string
  context: any
}

/** What a hook on the registration of trigger types returns: what is to be different. Throwing refuses the registration. */
export interface OnTriggerTypeRegistrationResult {
  trigger_type_id?: string
  description?: string
}
