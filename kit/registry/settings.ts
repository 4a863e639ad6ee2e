// Where workers are looked for (spec 05 A.7): local folders, and one remote registry where somebody has named one. No host is compiled in.
import { delimiter, join, resolve } from 'node:path'

/** Default of `download_timeout_ms`. */
export const REGISTRY_TIMEOUT_MS = 60_000
/** Default of `registry_cache_ttl_ms`. */
export const REGISTRY_CACHE_TTL_MS = 60_000

export interface RegistrySettings {
  readonly projectRoot: string
  /** Local registries, first wins: `.iii/registry` of the project, then those of `III_REGISTRY_PATH`. */
  readonly folders: readonly string[]
  /** `http(s)://…` or `file://…`, without a slash at its end; undefined = local folders alone. */
  readonly remote: string | undefined
  /** Of each request, its answer included. */
  readonly timeoutMs: number
  /** How long an answer of the remote registry may be given again; 0 = never. */
  readonly cacheTtlMs: number
}

/** The settings of the directory that concern registries. */
export interface RegistryConfig {
  readonly registry_url?: string | null
  readonly download_timeout_ms?: number | null
  readonly registry_cache_ttl_ms?: number | null
}

/** From a configuration block and the environment, of which `III_API_URL` wins over `registry_url`. */
export function registrySettings(
  config: RegistryConfig,
  { projectRoot, env }: { readonly projectRoot: string; readonly env: Readonly<Record<string, string | undefined>> },
): RegistrySettings {
  const more = (env['III_REGISTRY_PATH'] ?? '').split(delimiter).filter((folder) => folder.trim() !== '')
  const folders = [join(projectRoot, '.iii', 'registry'), ...more.map((folder) => resolve(projectRoot, folder))]
  return {
    projectRoot,
    folders: [...new Set(folders)],
    remote: said(env['III_API_URL']) ?? said(config.registry_url),
    timeoutMs: config.download_timeout_ms ?? REGISTRY_TIMEOUT_MS,
    cacheTtlMs: config.registry_cache_ttl_ms ?? REGISTRY_CACHE_TTL_MS,
  }
}

function said(url: string | null | undefined): string | undefined {
  const trimmed = (url ?? '').trim().replace(/\/+$/, '')
  return trimmed === '' ? undefined : trimmed
}
