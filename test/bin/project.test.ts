// `iii project init` and `generate-docker` (spec 05 C.1, check 24).
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { TEMPLATE_FILES_MAX } from '../../base/files/scaffold.ts'
import { starterText } from '../../bin/starter-file.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { runCli } from './run-cli.ts'

let cwd: string
beforeEach(() => {
  cwd = tempFolder()
})
const iii = (...args: string[]) => runCli(args, { cwd, env: { III_URL: '', III_CONFIG_PATH: '' } })
const at = (name: string) => path.join(cwd, name)
const read = (name: string) => readFileSync(at(name), 'utf8')
const idOf = (ini: string) => /^project_id=(.*)$/m.exec(ini)?.[1]

describe('iii project init', () => {
  it('writes a project that can be started as it stands', async () => {
    const { code, stdout, stderr } = await iii('project', 'init', 'demo')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('iii start')
    expect(readdirSync(at('demo')).sort()).toEqual(['.gitignore', '.iii', 'iii-config.yaml'])
    expect(read('demo/iii-config.yaml')).toBe(starterText())
    expect(read('demo/.gitignore').split('\n')).toContain('data/')
    expect(read('demo/.iii/project.ini')).toMatch(
      /^\[project\]\nproject_id=[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\nproject_name=demo\nsource=init\n$/,
    )
    expect(await iii('config', 'check', '--config', 'demo/iii-config.yaml')).toMatchObject({ code: 0 })
  })
  it('keeps the id and what the user has changed when it runs again', async () => {
    await iii('project', 'init', 'demo')
    const id = idOf(read('demo/.iii/project.ini'))
    writeFileSync(at('demo/iii-config.yaml'), 'workers: []\n')
    const { code, stdout } = await iii('project', 'init', 'demo')
    expect(code).toBe(0)
    expect(stdout).toContain('Kept what was there: iii-config.yaml')
    expect(idOf(read('demo/.iii/project.ini'))).toBe(id)
    expect(read('demo/iii-config.yaml')).toBe('workers: []\n')
  })
  it('refuses a folder with other files, and names up to five of them', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f', '.hidden']) writeFileSync(at(name), '')
    const { code, stderr } = await iii('project', 'init')
    expect(code).toBe(1)
    expect(stderr).toMatch(/is not empty: a, b, c, d, e and 1 more\..*--allow-non-empty/)
    expect(existsSync(at('.iii'))).toBe(false)
    expect(await iii('project', 'init', '--allow-non-empty')).toMatchObject({ code: 0 })
  })
  it('takes a folder with hidden files alone for empty', async () => {
    writeFileSync(at('.git'), '')
    expect(await iii('project', 'init')).toMatchObject({ code: 0 })
  })
  it('--directory is stronger than the name', async () => {
    await iii('project', 'init', 'one', '--directory', 'two')
    expect(readdirSync(cwd)).toEqual(['two'])
    expect(read('two/.iii/project.ini')).toContain('project_name=two')
  })
  it('leaves a configuration with another name of iii the only one', async () => {
    writeFileSync(at('config.yaml'), 'workers: []\n')
    await iii('project', 'init', '--allow-non-empty')
    expect(existsSync(at('iii-config.yaml'))).toBe(false)
  })
  it('quickstart comes with a plugin that the configuration enables', async () => {
    await iii('project', 'init', 'demo', '-t', 'quickstart')
    expect(read('demo/plugins/hello.ts')).toContain("name: 'hello'")
    const { workers } = parse(read('demo/iii-config.yaml')) as { workers: { name: string }[] }
    expect(workers.at(-1)).toEqual({ name: 'hello', config: {} })
    expect(await iii('config', 'check', '--config', 'demo/iii-config.yaml')).toMatchObject({ code: 0 })
  })
  it('has no other templates', async () => {
    const { code, stderr } = await iii('project', 'init', 'demo', '--template', 'quikstart')
    expect(code).toBe(1)
    expect(stderr).toContain(
      "there is no template 'quikstart'; there are bare and quickstart. Did you mean 'quickstart'?",
    )
    expect(existsSync(at('demo'))).toBe(false)
  })
  it('takes the files of a template of the user, and puts the name in', async () => {
    mkdirSync(at('mine/bare/docs'), { recursive: true })
    writeFileSync(at('mine/bare/docs/{{project_name}}.md'), '# {{ project_name }} of {{nobody}}\n')
    writeFileSync(at('mine/bare/picture.bin'), Buffer.from([0xff, 0xfe, 0x00]))
    writeFileSync(at('mine/bare/.gitignore'), 'mine\n')
    expect(await iii('project', 'init', 'demo', '--template-dir', 'mine')).toMatchObject({ code: 0 })
    expect(read('demo/docs/demo.md')).toBe('# demo of {{nobody}}\n')
    expect([...readFileSync(at('demo/picture.bin'))]).toEqual([0xff, 0xfe, 0x00])
    expect(read('demo/.gitignore')).toBe('mine\n')
    expect(read('demo/.iii/project.ini')).toContain('project_name=demo')
  })
  it.each([
    ['a link out of it', () => symlinkSync('/etc/hostname', at('mine/link')), /link is neither a file nor a folder/],
    [
      'too many files',
      () => {
        for (let index = 0; index <= TEMPLATE_FILES_MAX; index++) writeFileSync(at(`mine/${index}`), '')
      },
      /has more than 500 files/,
    ],
  ])('copies nothing of a template with %s', async (_what, prepare, message) => {
    mkdirSync(at('mine'))
    prepare()
    const { code, stderr } = await iii('project', 'init', 'demo', '--template-dir', 'mine')
    expect(code).toBe(1)
    expect(stderr).toMatch(message)
    expect(existsSync(at('demo'))).toBe(false)
  })
  it('says which folder it can not make', async () => {
    writeFileSync(at('file'), '')
    const { code, stderr } = await iii('project', 'init', 'file/demo')
    expect(code).toBe(1)
    expect(stderr).toMatch(/^Error: .*file\/demo/)
    expect(stderr).not.toMatch(/^\s+at /m)
  })
})

describe('iii project generate-docker', () => {
  it('writes what a container needs, with the port of the project, and keeps what is there', async () => {
    await iii('project', 'init', 'Demo Shop')
    const config = read('Demo Shop/iii-config.yaml').replace('port: 49134', 'port: 5555')
    writeFileSync(at('Demo Shop/iii-config.yaml'), config)
    writeFileSync(at('Demo Shop/.env'), 'MINE=1\n')
    const { code, stdout } = await iii('project', 'generate-docker', '-d', 'Demo Shop')
    expect(code).toBe(0)
    expect(stdout).toContain('Kept what was there: .env')
    expect(read('Demo Shop/Dockerfile')).toContain('EXPOSE 5555')
    const { services } = parse(read('Demo Shop/docker-compose.yml')) as { services: { engine: { ports: string[] } } }
    expect(services.engine.ports[0]).toBe('127.0.0.1:${ENGINE_PORT:-5555}:5555')
    expect(read('Demo Shop/.env')).toBe('MINE=1\n')
  })
  it('is a part of init on demand', async () => {
    await iii('project', 'init', 'Demo Shop', '--docker')
    expect(readdirSync(at('Demo Shop'))).toEqual(
      expect.arrayContaining(['Dockerfile', 'docker-compose.yml', '.env', '.dockerignore']),
    )
    expect(read('Demo Shop/.env')).toContain('COMPOSE_PROJECT_NAME=demo-shop\n')
  })
  it('wants a project', async () => {
    const { code, stderr } = await iii('project', 'generate-docker')
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('iii project init') })
  })
})
