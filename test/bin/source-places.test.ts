// Stacks of the engine's one file name its sources, by a file that is looked into in place of a source map.
import { build } from 'esbuild'
import { spawnSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { SourceMap } from 'node:module'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { originOf, placesFileOf } from '../../bin/source-places.mjs'
import { sourcePlaces } from '../../bin/write-source-places.ts'
import { COMPACT } from '../../bin/write-thread-file.ts'
import { tempFolder } from '../support/temp-folder.ts'

const READER = new URL('../../bin/source-places.mjs', import.meta.url).href
const ROUTER = fileURLToPath(new URL('../../core/router/router.ts', import.meta.url))

async function bundled(entry: string): Promise<{ bundle: string; code: string; map: string }> {
  const bundle = path.join(tempFolder(), 'out', 'main-1.mjs')
  mkdirSync(path.dirname(bundle))
  const { outputFiles } = await build({
    entryPoints: [entry],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'esm',
    ...COMPACT,
    sourcemap: 'external',
    write: false,
  })
  const [map = '', code = ''] = outputFiles.map(({ text }) => text)
  writeFileSync(bundle, code)
  writeFileSync(placesFileOf(bundle), sourcePlaces(map))
  return { bundle, code, map }
}

async function bundleOf(text: string): Promise<string> {
  const source = path.join(tempFolder(), 'source.ts')
  writeFileSync(source, text)
  return (await bundled(source)).bundle
}

const failing = (): Promise<string> =>
  bundleOf('interface A { a: 1 }\n\nexport function main(): void {\n  throw new Error("told")\n}\n')

/** What the script of that bundle prints, as JSON. */
function run(bundle: string, script: string): unknown {
  const whole = `import { showSourcesInStacks } from ${JSON.stringify(READER)}
    showSourcesInStacks(${JSON.stringify(bundle)})
    const bundle = await import(${JSON.stringify(pathToFileURL(bundle).href)})
    ${script}`
  return JSON.parse(spawnSync(process.execPath, ['--input-type=module', '-e', whole], { encoding: 'utf8' }).stdout)
}

/** What an error of that bundle says of itself, and the same error once more. */
function stacksOf(bundle: string): string[] {
  const gone = `process.getBuiltinModule('node:fs').rmSync(${JSON.stringify(placesFileOf(bundle))}, { force: true })`
  const script = `const { main } = bundle
    const stack = () => { try { main() } catch (error) { return error.stack } }
    const first = stack()
    ${gone}
    console.log(JSON.stringify([first, stack()]))`
  return run(bundle, script) as string[]
}

it('names the sources in stacks, and has looked up each place once', async () => {
  const stacks = stacksOf(await failing())
  const named = expect.stringMatching(/^Error: told\n {4}at main \(file:.*\/source\.ts:4:9\)\n {4}at /)
  expect(stacks).toEqual([named, named])
})

it.each<[string, (file: string) => void]>([
  ['is gone', (file) => rmSync(file)],
  ['is torn', (file) => truncateSync(file, 6)],
])('leaves the stack as it is where the file of places %s', async (_, harm) => {
  const bundle = await failing()
  harm(placesFileOf(bundle))
  expect(stacksOf(bundle)[0]).toMatch(/^Error: told\n {4}at main \(file:.*\/main-1\.mjs:1:\d+\)\n {4}at /)
})

it('names every source in a stack, however many places have been looked up before', async () => {
  const lines = Array.from({ length: 2_500 }, (_, line) => `  (call: () => Error) => call(), // ${line}`)
  const bundle = await bundleOf(
    `export const callers = [\n${lines.join('\n')}\n]\nexport const fail = () => new Error('told')\n`,
  )
  const script = `const stacks = bundle.callers.map((call) => call(bundle.fail).stack.split('\\n').slice(1, 3))
    console.log(JSON.stringify(stacks.map((stack) => stack.map((line) => /[^/]*:\\d+(?=:)/.exec(line)[0]))))`
  const places = lines.map((_, line) => ['source.ts:2503', `source.ts:${line + 2}`])
  expect(run(bundle, script)).toEqual(places)
})

it('finds for each name in the code what the source map says', async () => {
  const { bundle, code, map } = await bundled(ROUTER)
  const { sources } = JSON.parse(map) as { sources: string[] }
  const whole = new SourceMap(JSON.parse(map))
  const descriptor = openSync(placesFileOf(bundle), 'r')
  onTestFinished(() => closeSync(descriptor))
  const places = code
    .split('\n')
    .flatMap((text, line) => [...text.matchAll(/[\w$]+/g)].map(({ index }) => [line, index] as const))
  const differing = places.filter(([line, column]) => {
    const origin = originOf(descriptor, line, column)
    const said = whole.findOrigin(line + 1, column + 1)
    if (origin === undefined || !('fileName' in said)) return true
    return (
      sources[origin.source] !== said.fileName ||
      origin.line + 1 !== said.lineNumber ||
      origin.column + 1 !== said.columnNumber
    )
  })
  expect(places.length).toBeGreaterThan(5_000)
  expect(differing).toEqual([])
})
