// The Dockerfile, step by step: its builds, its command and its health check, in namespaces as a container has them. Where the machine
// has no tini the command is the first process itself; `.ci/run` installs it. What is not tried: the image that it stands on, and the
// installation of tini.
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { snippetsOf } from '../docs/snippets.ts'
import { lacks } from '../support/needs.ts'
import { ContainerRoot } from './container.ts'
import { stagesOf, variablesOf, wordsOf, type Instruction, type Stage } from './dockerfile.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const stages = stagesOf(readFileSync(path.join(ROOT, 'Dockerfile'), 'utf8'))
const final = stages.at(-1) as Stage
const tini = spawnSync('which', ['tini'], { encoding: 'utf8' }).stdout.trim()

const theOne = (name: string): Instruction => {
  const found = final.instructions.filter((instruction) => instruction.name === name)
  expect(found, name).toHaveLength(1)
  return found[0] as Instruction
}
/** The command behind `CMD` of the health check. */
const healthCheck = (): string[] => JSON.parse(/CMD (.*)$/.exec(theOne('HEALTHCHECK').text)?.[1] ?? '[]') as string[]

describe('what the Dockerfile says', () => {
  it('builds on the Node that the tests run in', () => {
    const { devDependencies } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
      devDependencies: { node: string }
    }
    const [major] = devDependencies.node.split('.')
    expect(stages.map(({ image }) => image)).toEqual(stages.map(() => `node:${major}-slim`))
  })
  it('has a first process that takes in orphans, and no user root', () => {
    expect(wordsOf(theOne('ENTRYPOINT'))).toEqual(['tini', '--'])
    expect(theOne('USER').text).toMatch(/^[1-9]\d*:[1-9]\d*$/)
  })
  it('publishes the ports of its configuration, which are open to outside of the container', () => {
    const text = readFileSync(path.join(ROOT, 'examples/docker/iii-config.yaml'), 'utf8')
    const { workers } = parse(text.replace(/\$\{\w+:(\d+)\}/g, '$1')) as {
      workers: { config?: { port?: number; host?: string } }[]
    }
    const open = workers.flatMap(({ config }) => (config?.port === undefined ? [] : [config]))
    expect(open.map(({ port }) => port).join(' ')).toBe(theOne('EXPOSE').text)
    expect(open.map(({ host }) => host)).toEqual(open.map(() => '0.0.0.0'))
  })
  it('keeps from the builder what no step needs, and nothing else', () => {
    const ignored = readFileSync(path.join(ROOT, '.dockerignore'), 'utf8').split('\n')
    expect(ignored).toEqual(expect.arrayContaining(['.git', 'node_modules', 'dist', 'test']))
    const copied = stages.flatMap(({ instructions }) => instructions).filter(({ name }) => name === 'COPY')
    const fromContext = copied.filter(({ text }) => !text.startsWith('--from='))
    const sources = fromContext.flatMap(({ text }) => text.split(/\s+/).slice(0, -1))
    expect(sources.filter((source) => ignored.includes(source.split('/')[0] ?? ''))).toEqual([])
  })
})

describe.skipIf(lacks('PID namespaces'))('the container (needs PID namespaces)', () => {
  let folder: string
  const roots = new Map<string, ContainerRoot>()
  let container: ContainerRoot
  let workdir: string
  const env = variablesOf(final.instructions)

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'iii-docker-'))
    for (const stage of stages) {
      mkdirSync(path.join(folder, stage.name))
      const root = new ContainerRoot(path.join(folder, stage.name, 'root'))
      roots.set(stage.name, root)
      workdir = await carryOut(stage, root, '/', contextFiles())
      container = root
    }
    if (tini !== '') cpSync(tini, container.at('usr/local/bin/tini'))
  }, 240_000)
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('starts as another user on a root that can not be written, is healthy, keeps its data, and ends with 0 at SIGTERM', async () => {
    if (process.env['CI']) expect(tini, 'where tini is').not.toBe('')
    const program = [...(tini !== '' ? wordsOf(theOne('ENTRYPOINT')) : []), ...wordsOf(theOne('CMD'))]
    const place = { workdir, env, volume: theOne('VOLUME').text }
    const set = await container.run(program, place, [
      healthCheck(),
      ['iii', 'trigger', 'state::set', 'scope=s', 'key=k', 'value=5'],
      ['iii', 'trigger', 'configuration::set', 'id=iii-state', 'value={"max_value_bytes":1000000}'],
      ['sh', '-c', 'id -u; touch here 2>&1; touch data/here'],
    ])
    expect(set).toMatchObject({ exitCode: 0, output: expect.stringContaining('Listening') })
    expect(set.output).not.toMatch(/"level":"(warn|error)"(?!.*open to the network)/)
    expect(set.checks[0]).toMatch(/^healthy /)
    expect(JSON.parse(set.checks[2] ?? '')).toMatchObject({ new_value: { max_value_bytes: 1_000_000 } })
    // Who may not make namespaces as root has no second user to be.
    if (process.getuid?.() === 0) expect(set.checks[3]).toMatch(/^1000\n/)
    expect(set.checks[3]).toMatch(/Read-only file system|Permission denied/)
    expect(set.checks[3]).not.toContain('data/here')

    const get = await container.run(program, place, [
      healthCheck(),
      ['iii', 'trigger', 'state::get', 'scope=s', 'key=k'],
    ])
    expect(get.checks[1]).toBe('5\n')
    expect(get.exitCode).toBe(0)
  }, 60_000)

  it('a project on top of it runs its plugins, as the guide says', async () => {
    const snippets = snippetsOf('docs/guides/docker.md')
    const project = path.join(folder, 'project')
    for (const snippet of snippets) {
      if (snippet.kind !== 'file') continue
      const file = path.join(project, path.relative('container', snippet.name))
      mkdirSync(path.dirname(file), { recursive: true })
      writeFileSync(file, snippet.text)
    }
    const manifest = { name: 'project', version: '1.0.0' }
    writeFileSync(path.join(project, 'package.json'), JSON.stringify(manifest))
    const lock = { ...manifest, lockfileVersion: 3, packages: { '': manifest } }
    writeFileSync(path.join(project, 'package-lock.json'), JSON.stringify(lock))
    const [own] = stagesOf(snippets.find(({ text }) => text.startsWith('FROM iii-host'))?.text ?? '')
    await carryOut(own as Stage, container, workdir, projectFiles(project))

    const place = { workdir, env, volume: theOne('VOLUME').text }
    const { checks } = await container.run(wordsOf(theOne('CMD')), place, [
      healthCheck(),
      ['iii', 'trigger', 'hello::greet', 'name=Ada'],
    ])
    expect(JSON.parse(checks[1] ?? '')).toEqual({ text: 'Hello, Ada' })
  }, 60_000)

  it('its health check fails where no engine runs', async () => {
    const place = { workdir, env, volume: theOne('VOLUME').text }
    const { checks } = await container.run(['sh', '-c', 'trap exit TERM; sleep 60 & wait'], place, [
      ['true'],
      ['sh', '-c', `${healthCheck().join(' ')}; echo $?`],
    ])
    expect(checks[1]).toMatch(/\n3\n$/)
  }, 60_000)

  /** @returns its last WORKDIR. */
  async function carryOut(
    { instructions }: Stage,
    root: ContainerRoot,
    from: string,
    context: Context,
  ): Promise<string> {
    let workdir = from
    const known: Instruction[] = []
    for (const instruction of instructions) {
      known.push(instruction)
      const { name, text } = instruction
      if (name === 'WORKDIR') {
        workdir = text
        mkdirSync(root.at(workdir), { recursive: true })
      }
      if (name === 'COPY') copy(text, root, workdir, context)
      // Packages of the system are those of this machine.
      if (name === 'RUN' && !text.startsWith('apt-get')) {
        await root.build(text, { workdir, env: variablesOf(known) })
      }
    }
    return workdir
  }

  function copy(text: string, root: ContainerRoot, workdir: string, context: Context): void {
    const words = text.split(/\s+/)
    const from = words.find((word) => word.startsWith('--from='))?.slice('--from='.length)
    const paths = words.filter((word) => !word.startsWith('--'))
    const target = path.resolve(workdir, paths.at(-1) ?? '')
    for (const source of paths.slice(0, -1).flatMap((each) => matching(each, context))) {
      if (from !== undefined) {
        cpSync(roots.get(from)?.at(source) ?? '', root.at(target), { recursive: true })
        continue
      }
      const whole = path.join(context.folder, source)
      // The content of a folder goes into the target, a file keeps its name there.
      const isFolder = source !== '.' && statSync(whole).isDirectory()
      for (const file of source === '.' ? context.files : [isFolder ? '' : path.basename(source)]) {
        const place = path.join(target, file)
        cpSync(source === '.' ? path.join(whole, file) : whole, root.at(place), { recursive: true })
      }
    }
  }
})

/** What the builder is sent. */
interface Context {
  readonly folder: string
  /** Files and folders in it. */
  readonly files: readonly string[]
}

function contextFiles(): Context {
  const ignored = readFileSync(path.join(ROOT, '.dockerignore'), 'utf8').split('\n')
  return { folder: ROOT, files: readdirSync(ROOT).filter((name) => !ignored.includes(name)) }
}

/** A pattern stands for the files of the context that fit it. */
function matching(source: string, { folder }: Context): string[] {
  return source.includes('*') ? globSync(source, { cwd: folder }) : [source]
}

function projectFiles(folder: string): Context {
  return { folder, files: readdirSync(folder) }
}
