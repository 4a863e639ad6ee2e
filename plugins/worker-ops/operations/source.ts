// Where a worker comes from: the source of `worker::add`, as an object or, in the manner of the command line, as a text (spec 05 B.1, C.3).
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import { shownValue } from '../../../base/values/shown-value.ts'
import { WorkerOpError } from '../errors.ts'
import { MANIFEST_FILE } from '../manifest/manifest.ts'
import { checkName } from '../worker-name.ts'
import { OperationInput } from './input.ts'

export type Source =
  | { readonly kind: 'registry'; readonly name: string; readonly version: string | undefined }
  /** `path`: absolute. */
  | { readonly kind: 'local'; readonly path: string; readonly ref: string }

const KINDS = ['registry', 'local', 'oci']

/** @throws W100 W105 W141 */
export function readSource(input: OperationInput, root: string): Source {
  const written = input.any('source')
  if (typeof written === 'string') return sourceOfText(written, root)
  if (written === undefined && !input.has('kind')) return input.fail('member `source` is missing ({kind, …})')
  // Public examples leave the `source` around it out.
  const source = written === undefined ? input : new OperationInput(input.functionId, written, 'source')
  const kind = source.text('kind')
  if (kind === 'registry') {
    const version = source.optionalText('version')
    const name = source.text('name')
    return version === undefined ? registrySource(name) : { kind, name: checkName(name), version: version.trim() }
  }
  if (kind === 'local') return localSource(source.text('path'), root)
  if (kind === 'oci') throw noContainers(source.text('reference'))
  return input.fail(`the source's \`kind\` must be one of ${KINDS.join(', ')}, got ${shownValue(kind)}`)
}

/** What an argument of `iii worker add` means. */
export function sourceOfText(text: string, root: string): Source {
  if (/^[./~]/.test(text) || existsSync(join(resolve(root, text), MANIFEST_FILE))) return localSource(text, root)
  if (/[/:]/.test(text)) throw noContainers(text)
  return registrySource(text)
}

function registrySource(text: string): Source {
  const at = text.indexOf('@')
  const name = checkName(at === -1 ? text : text.slice(0, at))
  const version = at === -1 ? '' : text.slice(at + 1).trim()
  return { kind: 'registry', name, version: version === '' ? undefined : version }
}

function localSource(path: string, root: string): Source {
  const full = path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : path
  return { kind: 'local', path: isAbsolute(full) ? full : resolve(root, full), ref: path }
}

function noContainers(reference: string): WorkerOpError {
  const message = 'container workers are not supported'
  return new WorkerOpError(
    'W141',
    `OCI pull failed for '${reference}': ${message}. Add it from a registry or a folder.`,
    {
      reference,
      message,
    },
  )
}

/** As events tell it. */
export function shownSource(source: Source): { readonly kind: string; readonly ref: string } {
  if (source.kind === 'local') return { kind: 'local', ref: source.ref }
  return { kind: 'registry', ref: source.version === undefined ? source.name : `${source.name}@${source.version}` }
}
