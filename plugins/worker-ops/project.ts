// Where the things of a project are: its configuration file, its installed workers, the logs of workers.
import { dirname, join, resolve } from 'node:path'

export interface Project {
  /** Absolute; the folder of the configuration file. */
  readonly root: string
  /** Absolute; undefined: the engine runs without one. */
  readonly configFile: string | undefined
  /** `<root>/.iii/workers`, one folder per worker, in it one per version. */
  readonly workersDir: string
  /** `<root>/.iii/logs`, one folder per worker. */
  readonly logsDir: string
  /** `<root>/iii.lock`. */
  readonly lockFile: string
}

export function projectAt(root: string, configFile: string | undefined): Project {
  return {
    root,
    configFile,
    workersDir: join(root, '.iii', 'workers'),
    logsDir: join(root, '.iii', 'logs'),
    lockFile: join(root, 'iii.lock'),
  }
}

/** @param file the configuration file; relative to `cwd` */
export function projectOf(file: string, cwd: string): Project {
  const configFile = resolve(cwd, file)
  return projectAt(dirname(configFile), configFile)
}
