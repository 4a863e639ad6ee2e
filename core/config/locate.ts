// Where the configuration file is (spec 04 A.1). Reads nothing and creates nothing.
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { ConfigError, fileError } from './config-error.ts'

/** Names tried in the working directory, in this order. A new project gets the first. */
export const CONFIG_FILE_NAMES = ['iii-config.yaml', 'iii.config.yaml', 'config.yaml'] as const

export interface LocateOptions {
  /** `--config`: absolute or relative to `cwd`. */
  readonly configPath?: string | undefined
  /** `--use-default-config`: no file at all. */
  readonly useDefaultConfig?: boolean | undefined
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
}

/** `named`: the user gave the path (option or `III_CONFIG_PATH`), so nothing is created in its place. */
export type ConfigLocation =
  | { readonly kind: 'embedded' }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'missing'; readonly path: string; readonly named: boolean }

/** `--config`, then `III_CONFIG_PATH`, then the names in `cwd`; the first that exists wins. */
export function locateConfig(options: LocateOptions): ConfigLocation {
  if (options.useDefaultConfig === true) return { kind: 'embedded' }
  const named = options.configPath ?? nonEmpty(options.env['III_CONFIG_PATH'])
  if (named === '')
    throw new ConfigError('', [
      {
        file: null,
        message: '--config needs the name of a file',
        remedy: `Write --config FILE; without the option, ${CONFIG_FILE_NAMES[0]} in this folder counts.`,
      },
    ])
  if (named !== undefined) {
    const path = resolve(options.cwd, named)
    return existsSync(path) ? { kind: 'file', path } : { kind: 'missing', path, named: true }
  }
  const candidates = CONFIG_FILE_NAMES.map((name) => resolve(options.cwd, name))
  const found = candidates.find((path) => existsSync(path))
  if (found !== undefined) return { kind: 'file', path: found }
  return { kind: 'missing', path: candidates[0] ?? resolve(options.cwd, CONFIG_FILE_NAMES[0]), named: false }
}

export function notFound(path: string): ConfigError {
  return fileError(
    path,
    `Config file not found: '${path}'.`,
    `Create it, name another one with --config FILE or III_CONFIG_PATH, or run with --use-default-config.`,
  )
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === undefined || text === '' ? undefined : text
}
