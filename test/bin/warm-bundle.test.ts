// The engine as one file: when a start uses it, and that it is the engine.
import { spawn, spawnSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { canBeOwn, currentBundle, signatureOf, WARM_VARIABLE } from '../../bin/warm-bundle.mjs'
import { haveChanged, isOurs, writeWarmBundle } from '../../bin/write-warm-bundle.ts'
import { lacks } from '../support/needs.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { copyLauncher } from './copy-launcher.ts'
import { LAUNCHER } from './run-cli.ts'

const BUILD_MS = 60_000

/** A bundle as the writer leaves it, of one input. */
function written(code = 'export const main = () => console.log("bundle")'): {
  folder: string
  input: string
  bundle: string
} {
  const folder = tempFolder()
  const input = path.join(folder, 'input.ts')
  writeFileSync(input, 'old')
  const bundle = path.join(folder, 'main-1.mjs')
  writeFileSync(bundle, code)
  writeFileSync(
    path.join(folder, 'inputs.json'),
    JSON.stringify({ bundle: 'main-1.mjs', inputs: [[input, signatureOf(input)]] }),
  )
  return { folder, input, bundle }
}

describe('the bundle', () => {
  it('is used while all that it was made of is as it was', () => {
    const { folder, bundle } = written()
    expect(currentBundle(folder)).toBe(bundle)
  })
  it.each<[string, (input: string) => void]>([
    ['edited', (input) => writeFileSync(input, 'newer')],
    ['removed', (input) => renameSync(input, `${input}.away`)],
    [
      'replaced by one of its size that claims its age',
      (input) => {
        const { atime, mtime } = statSync(input)
        writeFileSync(`${input}.new`, 'new')
        utimesSync(`${input}.new`, atime, mtime)
        renameSync(`${input}.new`, input)
      },
    ],
  ])('is left alone once an input was %s', (_, change) => {
    const { folder, input } = written()
    change(input)
    expect(currentBundle(folder)).toBeUndefined()
  })
  it('is left alone where its index is missing or torn, as after a kill', () => {
    const { folder } = written()
    const index = path.join(folder, 'inputs.json')
    writeFileSync(index, readFileSync(index, 'utf8').slice(0, -5))
    expect(currentBundle(folder)).toBeUndefined()
    renameSync(index, `${index}.away`)
    expect(currentBundle(folder)).toBeUndefined()
    expect(currentBundle(path.join(folder, 'none'))).toBeUndefined()
  })
  it.skipIf(lacks('POSIX'))('is left alone where others could have written it (needs POSIX)', () => {
    for (const name of ['', 'inputs.json', 'main-1.mjs']) {
      const { folder } = written()
      chmodSync(path.join(folder, name), 0o777)
      expect(currentBundle(folder)).toBeUndefined()
    }
  })
})

describe('the folder of a bundle', () => {
  it('is made, and is written to where it belongs to this user alone', () => {
    expect(canBeOwn(path.join(tempFolder(), 'warm', 'key'))).toBe(true)
  })
  it('is left alone where no folder can be', () => {
    const file = path.join(tempFolder(), 'file')
    writeFileSync(file, '')
    expect(canBeOwn(file)).toBe(false)
    expect(canBeOwn(path.join(file, 'key'))).toBe(false)
  })
  it.skipIf(lacks('POSIX'))(
    'is left alone where others may write, as nothing is taken from there (needs POSIX)',
    () => {
      const folder = tempFolder()
      chmodSync(folder, 0o777)
      expect(canBeOwn(folder)).toBe(false)
    },
  )
})

describe('the launcher', () => {
  /** Stands for an installation whose sources say that they are sources. */
  function installed(code?: string): {
    cache: string
    input: string
    launch(args: string[], env?: NodeJS.ProcessEnv): string
  } {
    const root = tempFolder()
    const bin = path.join(root, 'bin')
    mkdirSync(bin)
    copyLauncher(bin)
    writeFileSync(path.join(root, 'package.json'), '{"type":"module"}')
    writeFileSync(path.join(bin, 'main.ts'), 'export const main = (): void => console.log("sources")')
    const cache = path.join(root, 'cache')
    const env = { ...process.env, III_CACHE_DIR: cache, NODE_OPTIONS: '', NODE_V8_COVERAGE: '', [WARM_VARIABLE]: '' }
    const script = `import(${JSON.stringify(pathToFileURL(path.join(bin, 'warm-bundle.mjs')).href)}).then((m) => console.log(m.warmFolder(${JSON.stringify(cache)}, ${JSON.stringify(bin)})))`
    const folder = spawnSync(process.execPath, ['-e', script], { env, encoding: 'utf8' }).stdout.trim()
    const ready = written(code)
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    for (const file of ['main-1.mjs', 'inputs.json'])
      copyFileSync(path.join(ready.folder, file), path.join(folder, file))
    const launch = (args: string[], more: NodeJS.ProcessEnv = {}): string => {
      const isOption = (arg: string): boolean => arg.startsWith('--enable-')
      const command = [...args.filter(isOption), path.join(bin, 'iii.mjs')]
      const words = args.filter((arg) => !isOption(arg))
      return spawnSync(process.execPath, [...command, ...words], {
        env: { ...env, ...more },
        encoding: 'utf8',
      }).stdout.trim()
    }
    return { cache, input: ready.input, launch }
  }

  it('starts the engine from it, and nothing else', () => {
    const { launch } = installed()
    expect([launch(['start']), launch([]), launch(['functions'])]).toEqual(['bundle', 'bundle', 'sources'])
  })
  it('takes it for no other command that stands behind a configuration file', () => {
    const { launch } = installed()
    const behind = [
      ['-c', 'c.yaml', 'health'],
      ['--config=c.yaml', 'health'],
      ['-c', 'c.yaml', 'start'],
      ['-c', 'c.yaml', '--no-watch'],
    ]
    expect(behind.map((args) => launch(args))).toEqual(['sources', 'sources', 'bundle', 'bundle'])
  })
  it.each([
    ['torn', 'export const main = () => {'],
    ['empty', ''],
    ['of zeros', '\0'.repeat(100)],
  ])('starts from the sources where it is %s, as after a power cut', (_how, code) => {
    expect(installed(code).launch(['start'])).toBe('sources')
  })
  it('starts from the sources for a debugger', () => {
    const { launch } = installed()
    expect([launch(['start', '--inspect']), launch(['--inspect=9230'])]).toEqual(['sources', 'sources'])
  })
  it('starts from the sources where they have changed, where that is asked for, and where somebody looks at modules', () => {
    const { launch, input } = installed()
    expect(launch(['start'], { [WARM_VARIABLE]: 'off' })).toBe('sources')
    expect(launch(['--enable-source-maps', 'start'])).toBe('sources')
    expect(launch(['start'], { NODE_OPTIONS: '--import=data:text/javascript,' })).toBe('sources')
    writeFileSync(input, 'edited')
    expect(launch(['start'])).toBe('sources')
  })
})

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** What only the main thread loads, but for the launcher; threads of plugins have `core/host/inside/`, and `base/` and others as well. */
const MAIN_THREAD = /^(index\.ts|plugins\/|bin\/.*\.ts$|core\/(?!host\/inside\/))/

it.each([
  ['/checkout', 'core/engine.ts', true],
  ['/checkout', 'node_modules/ws/index.js', false],
  ['/checkout', 'examples/node_modules/ws/index.js', false],
  ['/project/node_modules/iii-host', 'dist/core/engine.js', true],
  ['/project/node_modules/iii-host', 'node_modules/ws/index.js', false],
  ['/project/node_modules/iii-host', '../ws/index.js', false],
])('knows what of an installation in %s is its own and what is a package: %s', (root, file, isOwn) => {
  expect(isOurs(path.join(root, file), root)).toBe(isOwn)
})

it('tells a source that has changed from one that is said to be of the future', async () => {
  const file = path.join(tempFolder(), 'source.ts')
  writeFileSync(file, '')
  const written = Date.now()
  utimesSync(file, new Date(written + 86_400_000), new Date(written + 86_400_000))
  expect(await haveChanged([file], written + 60_000)).toBe(false)
  expect(await haveChanged([file], written - 60_000)).toBe(true)
})

describe('what is written', () => {
  it('is the engine, which starts, serves and ends from it', { timeout: BUILD_MS }, async () => {
    const cwd = tempFolder()
    const cache = path.join(cwd, 'cache')
    const env = { ...process.env, III_CACHE_DIR: cache, NODE_OPTIONS: '', NODE_V8_COVERAGE: '', [WARM_VARIABLE]: '' }
    const warm = new URL('../../bin/warm-bundle.mjs', import.meta.url).href
    const script = `import(${JSON.stringify(warm)}).then((m) => console.log(m.warmFolder(${JSON.stringify(cache)}, ${JSON.stringify(path.dirname(LAUNCHER))})))`
    const folder = spawnSync(process.execPath, ['-e', script], { env, encoding: 'utf8' }).stdout.trim()
    // Of a writer that was killed.
    const draft = path.join(folder, '.main-1.mjs.0123456789ab.tmp')
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    writeFileSync(draft, 'half')
    utimesSync(draft, 0, 0)
    expect(await writeWarmBundle(folder)).toBe(true)
    expect(existsSync(draft)).toBe(false)
    const bundle = currentBundle(folder)!
    expect(readFileSync(bundle, 'utf8')).not.toMatch(/^import [^'"]+ from "(node|iii-built-in):/m)
    // Only packages ask for these, and only some of their functions need them.
    expect(readFileSync(bundle, 'utf8')).not.toMatch(/require\d*\(\s*"(?:node:)?(?:assert|https|tls|zlib)"/)
    expect(readFileSync(path.join(folder, 'inputs.json'), 'utf8')).toContain('node-facades.ts')
    appendFileSync(bundle, '\nconsole.error("from the bundle")\n')
    const listening = ['iii-worker-manager', 'iii-http', 'iii-stream'].map(
      (name) => `{ name: ${name}, config: { port: 0 } }`,
    )
    const workers = [
      ...listening,
      '{ name: iii-state }',
      '{ name: iii-queue }',
      '{ name: iii-cron }',
      '{ name: iii-pubsub }',
    ]
    writeFileSync(path.join(cwd, 'iii-config.yaml'), `workers: [${workers.join(', ')}]`)
    const engine = spawn(process.execPath, [LAUNCHER, 'start'], {
      cwd,
      // Names each module that is loaded.
      env: { ...env, NODE_DEBUG: 'esm' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    onTestFinished(() => void engine.kill('SIGKILL'))
    let output = ''
    const started = new Promise<void>((resolve) => {
      for (const stream of [engine.stdout, engine.stderr])
        stream.setEncoding('utf8').on('data', (text: string) => {
          output += text
          if (output.includes('Try next')) resolve()
        })
    })
    await started
    expect(output).toContain('from the bundle')
    expect(output).toMatch(/iii-state +running/)
    const [url] = /ws:\/\/127\.0\.0\.1:\d+/.exec(output)!
    const args = ['trigger', 'state::set', 'scope=a', 'key=b', 'value=c', '--address', url]
    const called = spawnSync(process.execPath, [LAUNCHER, ...args], { cwd, env, encoding: 'utf8' })
    expect(called).toMatchObject({ status: 0, stdout: expect.stringContaining('"new_value"') })
    const closed = new Promise((resolve) => engine.once('exit', resolve))
    engine.kill('SIGTERM')
    expect(await closed).toBe(0)
    // One from its source would bring another copy of all that it imports, of each class of errors for example.
    const loaded = output
      .matchAll(/Storing (file:\S+)/g)
      .map(([, module]) => path.relative(ROOT, fileURLToPath(module!)))
    const fromSources = new Set(loaded.filter((file) => MAIN_THREAD.test(file)))
    expect([...fromSources]).toEqual([])
    expect(output).toContain(pathToFileURL(bundle).href)
  })

  it('is nothing where a source has changed since the writer began', { timeout: BUILD_MS }, async () => {
    const folder = tempFolder()
    const changed = statSync(fileURLToPath(new URL('../../bin/main.ts', import.meta.url))).mtimeMs
    expect(await writeWarmBundle(folder, changed)).toBe(false)
    expect(readdirSync(folder)).toEqual([])
  })
})
