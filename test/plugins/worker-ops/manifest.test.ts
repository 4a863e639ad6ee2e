// What a manifest may say, and what is said of one that is wrong.
import { expect, test } from 'vitest'
import { readManifest } from '../../../plugins/worker-ops/manifest/read-manifest.ts'
import { startCommand } from '../../../plugins/worker-ops/manifest/worker-folder.ts'

const START = 'scripts: { start: x, install: "" }\n'
const read = (text: string) => readManifest(`name: w\n${START}${text}`)

test('a manifest with everything is valid', async () => {
  const report = await readManifest(`name: my.worker_1-x
description: Does it.
scripts: { start: node index.mjs, install: npm ci }
env: { A: b }
dependencies: { state: "^0.19", other: ">=1.2.0 <2 || 3.x", third: "1.0.0 - 2" }
resources: { cpus: 2, memory: 512 }
iii: x
deploy: x
manifest: x
tags: [a, b]
`)
  expect(report).toMatchObject({ valid: true, name: 'my.worker_1-x', errors: [], unknown_keys: [], warnings: [] })
  expect(report.manifest).toMatchObject({ start: 'node index.mjs', env: { A: 'b' } })
})

test.each([
  ['scripts: { start: [a] }', 'scripts.start: string expected, list found'],
  ['scripts: x', 'scripts: map expected, string found'],
  ['scripts: { start: " " }', 'scripts.start: a command expected, empty text found'],
  ['scripts: {}', 'scripts.start is missing'],
])('%s: %s', async (text, problem) => {
  const { valid, errors } = await readManifest(`name: w\n${text}\n`)
  expect(valid).toBe(false)
  expect(errors.join('\n')).toContain(problem)
})

test.each([
  ['env: { A: 1 }', 'env.A: string expected, integer found'],
  ['env: [a]', 'env: map expected, list found'],
  ['dependencies: { w: "*" }', 'a worker can not depend on itself'],
  ['dependencies: { x: newest }', "'newest' is no range of versions"],
  ['dependencies: { x: "^1", x: "^2" }', 'line 3'],
  ['dependencies: { ../x: "^1" }', 'begins with a dot'],
  ['resources: { cpus: -1 }', 'resources.cpus: integer from 0 on expected, integer found'],
  ['resources: { memory: 1.5 }', 'number found'],
  ['runtime: { base_image: "a b" }', 'runtime.base_image'],
  ['tags: x', 'tags: list expected, string found'],
  ['a: *b', 'Unresolved alias'],
  [`x: ${'['.repeat(60)}${']'.repeat(60)}`, 'deeper than 32 levels'],
  [`# ${'x'.repeat(64 * 1024)}`, 'at most 65536 are read'],
])('%s: %s', async (text, problem) => {
  const { valid, errors } = await read(text)
  expect(valid).toBe(false)
  expect(errors.join('\n')).toContain(problem)
})

test('aliases that would grow without end are an error', async () => {
  const lines = ['env:', '  a: &a [x, x, x, x, x, x, x, x, x]']
  for (let index = 0; index < 12; index++)
    lines.push(
      `  b${index}: &b${index} [${Array.from({ length: 9 }, () => `*${index === 0 ? 'a' : `b${index - 1}`}`)}]`,
    )
  expect((await read(lines.join('\n'))).valid).toBe(false)
})

test('keys that nobody knows are told apart from those for publishing, and from those of old', async () => {
  const report = await read('foo: 1\nversion: 1.0.0\nlanguage: python\nruntime: { kind: bun, knd: x }\n')
  expect(report).toMatchObject({
    valid: false,
    unknown_keys: ['foo', 'runtime.knd'],
    deprecated_keys: ['language', 'runtime.kind'],
  })
  expect(report.warnings).toContain('version means nothing here')
  expect(report.warnings).toContain("runtime.knd is unknown. Did you mean 'kind'?")
})

test('names follow a rule', async () => {
  for (const name of ['', '.x', 'a..b', 'a/b', 'a b', 'x'.repeat(129)])
    expect((await readManifest(`name: "${name}"\n${START}`)).valid).toBe(false)
  expect((await readManifest(START)).errors).toEqual(['name is missing'])
  expect((await readManifest('')).errors).toEqual(['the manifest: map expected, nothing found'])
  expect((await readManifest('- x')).errors).toEqual(['the manifest: map expected, list found'])
})

test.each([
  ['kind: typescript', 'npx tsx src/index.ts'],
  ['kind: typescript, entry: a.ts', 'npx tsx a.ts'],
  ['language: javascript, entry: a.js', 'node a.js'],
  ['kind: bun', 'bun run src/index.ts'],
  ['kind: python, entry: main.py', 'python main.py'],
  ['kind: rust', 'cargo run --release'],
])('a manifest of old with runtime: { %s } starts %s', async (runtime, command) => {
  const { manifest } = await readManifest(`name: w\nruntime: { ${runtime} }\n`)
  expect(manifest && startCommand(manifest)).toBe(command)
})
