// What a Node worker says of itself when it announces itself, beside its name (spec 08 §13).
import { readFileSync } from 'node:fs'
import { release } from 'node:os'
import path from 'node:path'

/** What others may want to know of the program that this worker is part of. */
export interface WorkerTelemetry {
  /** Default: that of the system, such as `en-US`. */
  readonly language?: string
  /** Default: the name in the package.json of the working directory, else the name of that. */
  readonly project_name?: string
  /** Default `iii-node`. */
  readonly framework?: string
}

export function aboutProcess({
  language,
  project_name,
  framework = 'iii-node',
}: WorkerTelemetry): Readonly<Record<string, unknown>> {
  const { env, platform, arch } = process
  return {
    os: `${platform} ${release()} (${arch})`,
    isolation: env['III_ISOLATION'] || null,
    telemetry: {
      language: language ?? (Intl.DateTimeFormat().resolvedOptions().locale || env['LANG']),
      project_name: project_name ?? projectName(process.cwd()),
      framework,
    },
  }
}

function projectName(folder: string): string {
  try {
    const { name } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as { name?: unknown }
    if (typeof name === 'string' && name !== '') return name
  } catch {
    // There is none, or it is not JSON: the folder has a name too.
  }
  return path.basename(folder)
}
