// The manifest as a JSON Schema, for whoever writes one, and a worker that runs as it stands.
import type { JsonSchema } from '../../../sdk/plugin.ts'
import { MANIFEST_FILE } from './manifest.ts'

const text = (description: string): JsonSchema => ({ type: 'string', description })
const texts = (description: string): JsonSchema => ({
  type: 'object',
  additionalProperties: { type: 'string' },
  description,
})

export const MANIFEST_SCHEMA: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['name', 'scripts'],
  properties: {
    name: { ...text('Letters, digits, `.`, `_` and `-`.'), pattern: '^(?!\\.)[A-Za-z0-9._-]+$' },
    description: text('A sentence; 280 characters of it are shown.'),
    scripts: {
      type: 'object',
      additionalProperties: false,
      required: ['start'],
      properties: {
        start: text('Runs the worker, in its folder, by a shell.'),
        install: text('Runs once before, and again when files of the package manager change. Empty: nothing to do.'),
        setup: text('Ignored: workers run without a sandbox of their own.'),
      },
    },
    env: texts('Variables of its environment.'),
    dependencies: texts('Other workers that it needs, each with a range of versions.'),
    resources: {
      type: 'object',
      additionalProperties: false,
      properties: {
        cpus: { type: 'integer', minimum: 0 },
        memory: { type: 'integer', minimum: 0, description: 'MiB.' },
      },
    },
    runtime: { type: 'object', properties: { base_image: text('Ignored: there are no containers.') } },
    iii: text('For publishing.'),
    deploy: text('For publishing.'),
    manifest: text('For publishing.'),
    tags: { type: 'array', items: { type: 'string' }, description: 'For publishing.' },
  },
}

/** Text by path. */
export const HELLO_WORLD: Readonly<Record<string, string>> = {
  [MANIFEST_FILE]: `name: hello
description: Greets whoever asks.
scripts:
  install: npm install
  start: node index.mjs
`,
  'package.json': `{ "name": "hello", "private": true, "type": "module", "dependencies": { "iii-sdk": "^0.22.1" } }
`,
  'index.mjs': `import { registerWorker } from 'iii-sdk'

const iii = registerWorker(process.env.III_URL, { workerName: process.env.III_WORKER_NAME })
iii.registerFunction('hello::greet', async ({ name = 'world' }) => ({ message: \`Hello, \${name}\` }))
`,
}
