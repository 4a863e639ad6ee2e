// A worker's folder that can be published as it stands.
import { join } from 'node:path'
import { write } from '../../../kit/registry/registry-folder.ts'

export const MANIFEST = [
  'name: greeter',
  'version: 1.0.0',
  'description: Greets people by their name',
  'tags: [hello, example]',
  'author: ana',
  'scripts:',
  '  start: node worker.mjs',
  'dependencies:',
  '  state: ^0.19',
].join('\n')

export function workerFolder(
  folder: string,
  { manifest = MANIFEST, files = {} }: { manifest?: string; files?: Readonly<Record<string, string>> } = {},
): string {
  const all = {
    'iii.worker.yaml': manifest,
    'worker.mjs': 'console.log("hello")\n',
    'README.md': '# greeter\n',
    'skills/index.md': '---\ntitle: Greeting\n---\nHow to greet.\n',
    'skills/prompts/greet.md': '---\ndescription: Greet somebody\n---\nSay hello.\n',
    'lib/words.mjs': 'export const hello = "hello"\n',
    'node_modules/left/index.js': 'never published',
    '.git/HEAD': 'never published',
    '.iii/data': 'never published',
    '.env': 'TOKEN=secret',
    ...files,
  }
  for (const [path, content] of Object.entries(all)) write(join(folder, path), content)
  return folder
}
