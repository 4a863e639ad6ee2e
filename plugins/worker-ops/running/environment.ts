// The environment of a worker's process (spec 05 B.5): what the manifest says, the entry's settings as variables, and by what it finds
// the engine. That of the engine itself is inherited.

/** Nobody but the engine says them. */
const OWN: ReadonlySet<string> = new Set([
  'III_URL',
  'III_ENGINE_URL',
  'III_WORKER_NAME',
  'III_CONFIG_PATH',
  'III_CONFIG',
])
/** Of variables that are made of settings; the system takes no environment of any size. */
export const MAX_VARIABLES = 256
export const MAX_VARIABLE_BYTES = 32 * 1024

export interface EnvironmentInput {
  readonly name: string
  readonly url: string
  readonly manifestEnv: Readonly<Record<string, string>>
  readonly config: Readonly<Record<string, unknown>>
  /** Path of the engine's configuration file; null = there is none. */
  readonly configFile: string | null
  /** Path of the file that holds `config`. */
  readonly settingsFile: string
}

export function environmentOf(input: EnvironmentInput): Record<string, string> {
  const { name, url, manifestEnv, config, configFile, settingsFile } = input
  const env: Record<string, string> = {}
  for (const [key, value] of Object.entries(manifestEnv)) if (isUsable(key, value)) env[key] = value
  for (const [key, value] of variablesOf(config)) if (isUsable(key, value)) env[key] = value
  return {
    ...env,
    III_URL: url,
    III_ENGINE_URL: url,
    III_WORKER_NAME: name,
    III_CONFIG: settingsFile,
    ...(configFile !== null && { III_CONFIG_PATH: configFile }),
  }
}

/** `{ maxItems: 3, db: { url: 'x' }, tags: ['a'] }` → `MAX_ITEMS=3`, `DB_URL=x`, `TAGS=["a"]`. */
export function variablesOf(config: Readonly<Record<string, unknown>>): [name: string, value: string][] {
  const found: [string, string][] = []
  const add = (value: unknown, name: string): void => {
    if (value === null || value === undefined || found.length >= MAX_VARIABLES) return
    if (typeof value === 'object' && !Array.isArray(value)) {
      for (const [key, inner] of Object.entries(value)) add(inner, name === '' ? key : `${name}_${key}`)
    } else if (name !== '') found.push([upperSnake(name), typeof value === 'string' ? value : JSON.stringify(value)])
  }
  add(config, '')
  return found
}

function upperSnake(name: string): string {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll(/[^A-Za-z0-9]+/g, '_')
    .toUpperCase()
}

function isUsable(key: string, value: string): boolean {
  return (
    /^[A-Za-z_][A-Za-z0-9_]*$/.test(key) && !OWN.has(key) && !value.includes('\0') && value.length <= MAX_VARIABLE_BYTES
  )
}
