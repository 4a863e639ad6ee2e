// The one table of built-in workers: a folder and its `about.ts` for each. Who needs to know of them reads this table.
// It is handed to the core from outside, by the package's entry and the CLI: the core imports no plugin.
import path from 'node:path'
import type { BuiltIn } from '../sdk/built-in.ts'
import { about as bridge } from './bridge/about.ts'
import { about as configuration } from './configuration/about.ts'
import { about as cron } from './cron/about.ts'
import { about as directory } from './directory/about.ts'
import { about as exec } from './exec/about.ts'
import { about as http } from './http/about.ts'
import { about as httpFunctions } from './http-functions/about.ts'
import { about as pubsub } from './pubsub/about.ts'
import { about as queue } from './queue/about.ts'
import { about as rbac } from './rbac/about.ts'
import { about as state } from './state/about.ts'
import { about as stream } from './stream/about.ts'
import { about as workerOps } from './worker-ops/about.ts'

/** In the order in which they are listed, and started where there is no configuration file. */
export const BUILT_INS: readonly BuiltIn[] = [
  { folder: folderOf('configuration'), about: configuration },
  { folder: folderOf('state'), about: state },
  { folder: folderOf('stream'), about: stream },
  { folder: folderOf('cron'), about: cron },
  { folder: folderOf('pubsub'), about: pubsub },
  { folder: folderOf('queue'), about: queue },
  { folder: folderOf('rbac'), about: rbac },
  { folder: folderOf('http'), about: http },
  { folder: folderOf('http-functions'), about: httpFunctions },
  { folder: folderOf('exec'), about: exec },
  { folder: folderOf('directory'), about: directory },
  { folder: folderOf('worker-ops'), about: workerOps },
  { folder: folderOf('bridge'), about: bridge },
]

function folderOf(name: string): string {
  return path.join(import.meta.dirname, name)
}
