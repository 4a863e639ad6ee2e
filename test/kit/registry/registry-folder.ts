// A registry in a folder, as a test fills it (spec 05 A.7.2).
import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

export interface PublishedVersion {
  /** Members of `version.json`, over those of a bundle. */
  readonly version?: Readonly<Record<string, unknown>>
  /** Members of `worker.json`. */
  readonly worker?: Readonly<Record<string, unknown>>
  /** By their path below the folder of the version. */
  readonly files?: Readonly<Record<string, string>>
}

const ARCHIVE = 'no archive, but with a checksum'
export const ARCHIVE_SHA256 = createHash('sha256').update(ARCHIVE).digest('hex')

export function put(
  folder: string,
  name: string,
  version: string,
  { version: said = {}, worker = {}, files = {} }: PublishedVersion = {},
): void {
  const at = join(folder, name, version)
  write(join(folder, name, 'worker.json'), JSON.stringify({ name, type: 'bundle', latest: version, ...worker }))
  write(
    join(at, 'version.json'),
    JSON.stringify({
      version,
      artifact: { kind: 'bundle', path: 'bundle.tar.gz', sha256: ARCHIVE_SHA256 },
      ...said,
    }),
  )
  write(join(at, 'bundle.tar.gz'), ARCHIVE)
  for (const [path, content] of Object.entries(files)) write(join(at, path), content)
}

export function write(file: string, content: string): void {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, content)
}

/** The worker of the examples in the specification. */
export function putImageResize(folder: string): void {
  put(folder, 'image-resize', '1.2.0', {
    worker: {
      description: 'Changes the size of pictures',
      tags: ['thumbnail'],
      author: { name: 'ana' },
      total_downloads: 42,
    },
    version: {
      config: { quality: 80 },
      dependencies: { state: '^0.19' },
      functions: [{ name: 'image::resize', description: 'Resize an image', request_schema: { type: 'object' } }],
      triggers: [{ name: 'image::done', description: 'A picture is done', invocation_schema: { type: 'object' } }],
    },
    files: {
      'README.md': '# image-resize\n',
      'skills/index.md': '---\ntitle: Images\n---\nHow to resize.\n',
      'skills/prompts/resize-all.md':
        '---\ndescription: Resize all of them\nargs_schema: {type: object}\n---\nDo it.\n',
    },
  })
}
