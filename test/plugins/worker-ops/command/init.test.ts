// `iii worker init`: what it writes, and that it runs as it stands. Python and Rust are tried in test/interop/worker-init.test.ts.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { readManifest } from '../../../../plugins/worker-ops/manifest/read-manifest.ts'
import { LANGUAGES, workerFiles } from '../../../../plugins/worker-ops/templates/worker-template.ts'
import { runCli } from '../../../bin/run-cli.ts'
import { NpmRegistry } from '../../../support/npm-registry.ts'
import { tempFolder } from '../../../support/temp-folder.ts'
import { TerminalProject } from './project.ts'

describe.each(['ts', 'js'])('a worker in %s', (language) => {
  let npm: NpmRegistry
  beforeAll(async () => {
    npm = await NpmRegistry.start()
  })
  afterAll(() => npm[Symbol.asyncDispose]())

  it('is added and called as it was written', { timeout: 60_000 }, async () => {
    const project = await TerminalProject.open({ env: npm.env })
    await project.start()
    expect(await project.cli(['worker', 'init', 'greeter', '-l', language])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('  iii worker add ./greeter\n  iii trigger greeter::greet name=World\n'),
    })
    const added = await project.iii(['add', path.join(project.dir, 'greeter')])
    expect(added).toMatchObject({ code: 0, stdout: 'greeter is added and can be called.\n' })
    const { stdout } = await project.cli(['trigger', 'greeter::greet', 'name=Ada', '--port', `${project.folder.port}`])
    expect(JSON.parse(stdout)).toEqual({ text: 'Hello, Ada' })
    const help = await project.cli(['trigger', 'greeter::greet', '--help', '--port', `${project.folder.port}`])
    expect(help.stdout).toMatch(/Greets somebody\.[\s\S]*name +string +yes +Who/)
  })
})

describe('what is written', () => {
  let cwd: string
  beforeEach(() => {
    cwd = tempFolder()
  })
  const init = (...args: string[]) => runCli(['worker', 'init', ...args], { cwd })
  const read = (name: string) => readFileSync(path.join(cwd, name), 'utf8')

  it.each(LANGUAGES)('has a manifest without a problem, whatever the name: %s', async (language) => {
    for (const name of ['greeter', 'a.b_c-d', '42', 'true', 'Big.Name']) {
      const manifest = workerFiles(name, language, 'id').get('iii.worker.yaml')!
      expect(await readManifest(manifest)).toMatchObject({
        valid: true,
        name,
        errors: [],
        warnings: [],
        unknown_keys: [],
      })
    }
  })
  it('keeps its id, and what the user has changed, when it runs again', async () => {
    expect(await init('greeter')).toMatchObject({ code: 0 })
    const ini = read('greeter/.iii/worker.ini')
    expect(ini).toMatch(/^\[worker\]\nworker_id=[0-9a-f-]{36}\nworker_name=greeter\nlanguage=ts\nsource=init\n$/)
    writeFileSync(path.join(cwd, 'greeter/src/index.ts'), '// mine\n')
    expect(await init('greeter')).toMatchObject({ code: 0, stdout: expect.stringContaining('Kept what was there:') })
    expect(read('greeter/src/index.ts')).toBe('// mine\n')
    expect(read('greeter/.iii/worker.ini')).toBe(ini)
  })
  it('refuses a folder with other files, a name that is none, and a language that there is not', async () => {
    mkdirSync(path.join(cwd, 'full'))
    writeFileSync(path.join(cwd, 'full/mine'), '')
    expect(await init('full')).toMatchObject({ code: 1, stderr: expect.stringContaining('is not empty: mine.') })
    expect(await init('full', '--allow-non-empty')).toMatchObject({ code: 0 })
    expect(await init('no way')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("'no way' can't be the name"),
    })
    expect(await init('x', '-l', 'pi')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("Did you mean 'py'?"),
    })
    expect(existsSync(path.join(cwd, 'x'))).toBe(false)
  })
  it('writes no second language into a worker, and goes on in the one that it has', async () => {
    expect(await init('greeter', '-l', 'py')).toMatchObject({ code: 0 })
    expect(await init('greeter', '-l', 'ts')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("written in 'py'"),
    })
    expect(await init('greeter')).toMatchObject({ code: 0, stdout: expect.not.stringContaining('Wrote') })
    expect(readdirSync(path.join(cwd, 'greeter/src'))).toEqual(['main.py'])
  })
  it('takes the name of the folder, and another folder on demand', async () => {
    expect(await init('-l', 'python', '-d', 'workers/stock')).toMatchObject({ code: 0 })
    expect(read('workers/stock/src/main.py')).toContain('"stock::greet"')
    expect(await init('price', '-l', 'rust', '-d', 'workers/one')).toMatchObject({ code: 0 })
    expect(read('workers/one/Cargo.toml')).toContain('name = "price"')
  })
  it('comes from a template of the user', async () => {
    mkdirSync(path.join(cwd, 'mine/js'), { recursive: true })
    writeFileSync(path.join(cwd, 'mine/js/iii.worker.yaml'), 'name: {{name}}\nscripts: { start: node x.js }\n')
    expect(await init('greeter', '-l', 'js', '--template-dir', 'mine')).toMatchObject({ code: 0 })
    expect(readdirSync(path.join(cwd, 'greeter')).sort()).toEqual(['.iii', 'iii.worker.yaml'])
    expect(read('greeter/iii.worker.yaml')).toBe('name: greeter\nscripts: { start: node x.js }\n')
    expect(await init('other', '--template-dir', 'nowhere')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("the template can't be read"),
    })
  })
})
