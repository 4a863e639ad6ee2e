// What the client side of `iii-stream` is configured with: the members of its `config` that concern it, with defaults filled in.
import { normaliseOrigin } from '../../../base/net/origin.ts'
import { CLIENT_LIMIT_DEFAULTS, type ClientLimits } from './limits.ts'

type Nullable<T> = { readonly [Key in keyof T]?: T[Key] | null | undefined }

/** As it stands in the `config` block; other members are ignored, absent and null mean the default. */
export interface StreamServerSettings extends Nullable<ClientLimits> {
  /** Default 127.0.0.1. */
  readonly host?: string | null | undefined
  /** Default 3112; 0 = any free port. */
  readonly port?: number | null | undefined
  /** Called before each upgrade; its `context` goes to the join and leave handlers (spec 02 §6.6). Default: none. */
  readonly auth_function?: string | null | undefined
  /** Answer 401 when the auth function fails or refuses, instead of accepting without context. Default false. */
  readonly auth_required?: boolean | null | undefined
  /** Origins of web pages that may connect, `*` = any (spec 09 §4). */
  readonly allowed_origins?: readonly string[] | null | undefined
}

export interface ClientSettings {
  readonly host: string
  readonly port: number
  readonly authFunction: string | undefined
  readonly authRequired: boolean
  /** As browsers write them. */
  readonly allowedOrigins: readonly string[] | undefined
  readonly limits: ClientLimits
}

/** @throws Error when the settings contradict each other. */
export function readSettings(settings: StreamServerSettings): ClientSettings {
  const { host, port, auth_function: authFunction, auth_required: authRequired, allowed_origins: origins } = settings
  if (authRequired === true && !authFunction) {
    throw new Error(
      '`auth_required` is true, but `auth_function` is not set: nobody could connect. Name the function that decides, or remove `auth_required`',
    )
  }
  const limits: Record<string, number> = {}
  for (const [key, byDefault] of Object.entries(CLIENT_LIMIT_DEFAULTS)) {
    limits[key] = settings[key as keyof ClientLimits] ?? (byDefault as number)
  }
  return {
    host: host ?? '127.0.0.1',
    port: port ?? 3112,
    authFunction: authFunction || undefined,
    authRequired: authRequired ?? false,
    allowedOrigins: origins?.map(normaliseOrigin),
    limits: limits as unknown as ClientLimits,
  }
}
