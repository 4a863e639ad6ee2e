// `worker::validate` (spec 05 B.2): what is wrong with a manifest. Problems are the answer, no errors.
import { stat } from 'node:fs/promises'
import { basename, dirname, isAbsolute, resolve } from 'node:path'
import { MANIFEST_FILE, type ReadManifest } from '../manifest/manifest.ts'
import { readManifest } from '../manifest/read-manifest.ts'
import { readWorkerFolder } from '../manifest/worker-folder.ts'
import type { OperationDeps } from './deps.ts'
import { OperationInput } from './input.ts'

export type ValidateOutcome = Omit<ReadManifest, 'manifest'>

export async function validate(data: unknown, { project }: OperationDeps): Promise<ValidateOutcome> {
  const input = new OperationInput('worker::validate', data)
  const text = input.optionalText('manifest')
  const path = input.optionalText('path')
  if ((text === undefined) === (path === undefined)) input.fail('say exactly one of `manifest` and `path`')
  if (text !== undefined) return outcomeOf(await readManifest(text))
  return validateFolder(isAbsolute(path as string) ? (path as string) : resolve(project.root, path as string))
}

async function validateFolder(path: string): Promise<ValidateOutcome> {
  const isFile = (await stat(path).catch(() => undefined))?.isFile() === true
  if (isFile && basename(path) !== MANIFEST_FILE) return problem(`'${path}' is no ${MANIFEST_FILE}`)
  const reading = await readWorkerFolder(isFile ? dirname(path) : path)
  if (reading.report !== undefined) return outcomeOf(reading.report)
  if ('problem' in reading) return problem(reading.problem)
  const { name, warnings } = reading.worker
  return { valid: true, name, errors: [], unknown_keys: [], deprecated_keys: [], warnings }
}

function problem(error: string): ValidateOutcome {
  return { valid: false, name: null, errors: [error], unknown_keys: [], deprecated_keys: [], warnings: [] }
}

function outcomeOf({ manifest: _, ...outcome }: ReadManifest): ValidateOutcome {
  return outcome
}
