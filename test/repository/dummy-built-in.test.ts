// One folder and one row are all that a built-in worker takes: with a dummy of both, everything that reads the table knows it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { run } from '../../bin/main.ts'
import { startScreen } from '../../bin/start-screen.ts'
import { terminalOf } from '../../bin/terminal.ts'
import { checkCall } from '../../core/model/policy.ts'
import { WorkerNames } from '../../core/config/worker-names.ts'
import { startEngine, type Engine } from '../../core/engine.ts'
import { createLog } from '../../core/log.ts'
import { ABSENT_WORKERS } from '../../plugins/absent-workers.ts'
import { BUILT_INS } from '../../plugins/built-ins.ts'
import { cliReference } from '../../scripts/reference/cli.ts'
import { errorsReference } from '../../scripts/reference/errors.ts'
import { limitsReference } from '../../scripts/reference/limits.ts'
import { fillTables, tablesOf } from '../../scripts/reference/tables.ts'
import { workersReference } from '../../scripts/reference/workers.ts'
import { sessionRights } from '../support/session-rights.ts'
import { about } from './dummy-built-in/about.ts'

const WITH_DUMMY = [...BUILT_INS, { folder: path.join(import.meta.dirname, 'dummy-built-in'), about }]

let folder: string
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'iii-dummy-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function write(...lines: string[]): string {
  const file = path.join(folder, 'iii-config.yaml')
  writeFileSync(file, ['workers:', '  - name: iii-worker-manager', '    config: { port: 0 }', ...lines, ''].join('\n'))
  return file
}

/** What a command line gives. */
async function iii(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const out = vi.spyOn(console, 'log').mockImplementation(() => {})
  const err = vi.spyOn(console, 'error').mockImplementation(() => {})
  try {
    const code = await run(argv, WITH_DUMMY)
    return { code, out: out.mock.calls.join('\n'), err: err.mock.calls.join('\n') }
  } finally {
    out.mockRestore()
    err.mockRestore()
  }
}

describe('the configuration', () => {
  it('has its settings in the schema, under its name and its short one', async () => {
    const { out } = await iii('config', 'schema', '--config', write())
    const { definitions } = JSON.parse(out) as {
      definitions: { entry: { allOf: { if: { properties: { name: { enum: string[] } } }; then: unknown }[] } }
    }
    const rule = definitions.entry.allOf.find((one) => one.if.properties.name.enum.includes('iii-tally'))
    expect(rule?.if.properties.name.enum).toEqual(['iii-tally', 'tally'])
    expect(rule?.then).toMatchObject({
      properties: {
        config: { anyOf: [{ anyOf: [{ properties: { max: { anyOf: [{ minimum: 1 }, {}] } } }, {}] }, {}] },
      },
    })
  })

  it('is refused with a bad setting, at its line', async () => {
    const file = write('  - name: tally', '    config:', '      max: none')
    const { code, err } = await iii('config', 'check', '--config', file)
    expect({ code, err }).toEqual({
      code: 1,
      err: expect.stringContaining(`${file}:6: worker 'tally': config.max: must be integer, got "none"`),
    })
  })

  it('takes its old names', async () => {
    const adapter = "{ class: 'modules::tally::PaperAdapter' }"
    const file = write('  - class: modules::tally::TallyModule', `    config: { adapter: ${adapter} }`)
    expect(await iii('config', 'check', '--config', file)).toMatchObject({ code: 0, err: '' })
  })

  it('has it once, and names both lines otherwise', async () => {
    const file = write('  - name: iii-tally', '  - class: modules::tally::TallyModule')
    const { code, err } = await iii('config', 'check', '--config', file)
    expect({ code, err }).toEqual({
      code: 1,
      err: expect.stringContaining(
        `${file}:5: duplicate instance of 'iii-tally' is not supported: the first is at iii-config.yaml:4`,
      ),
    })
  })

  it('has it where there is no file', async () => {
    const { out } = await iii('config', 'explain', '--use-default-config')
    expect(out).toContain('iii-tally.config.max = 10')
  })
})

describe('the reference', () => {
  it('has a section about it', async () => {
    const page = await workersReference(WITH_DUMMY, ABSENT_WORKERS)
    const section = page.split('## iii-tally\n')[1]?.split('\n## ')[0]
    for (const said of ['`modules::tally::TallyModule`', '`tally::add`', '`iii tally`', '| `max` | integer | `10` |'])
      expect(section).toContain(said)
  })
  it('has tables of its settings, limits and functions for a page of its own', async () => {
    const tables = await tablesOf(WITH_DUMMY, ABSENT_WORKERS)
    const names = ['config', 'bounds'].map((what) => `${what}-dummy-built-in`)
    const page = [...names, 'dummy-built-in-functions']
      .map((name) => `<!-- table: ${name} -->\n<!-- end -->`)
      .join('\n')
    const filled = fillTables(page, tables)
    for (const said of ['Highest tally.', '| the tally | `max` | 10 | `TALLY_FULL` |', '### tally::add'])
      expect(filled).toContain(said)
  })
  it('has its error codes', () => {
    expect(errorsReference(WITH_DUMMY)).toContain(
      '## Codes of iii-tally\n\n| code | meaning |\n|---|---|\n| `TALLY_FULL` | The tally has reached its limit. |',
    )
  })
  it('has its limits', async () => {
    expect(await limitsReference(WITH_DUMMY)).toContain(
      '## iii-tally\n\n| limit | option | default | at the limit |\n|---|---|---|---|\n| the tally | `max` | 10 | `TALLY_FULL` |',
    )
  })
  it('has its command', async () => {
    expect(await cliReference(WITH_DUMMY)).toMatch(/## iii tally\n\nAdd to the tally\.\n\nAlso: `iii tallies`\./)
  })
})

it('no wildcard of a session reaches what needs an exact grant', () => {
  const { exactGrants } = new WorkerNames(WITH_DUMMY, ABSENT_WORKERS)
  const policy = (match: string) => {
    return { kind: 'session', rights: sessionRights({ expose: [{ match }] }), middleware: undefined } as const
  }
  const refusal = (match: string, id: string) =>
    checkCall({ ...policy(match), exact: exactGrants }, 'default', id, undefined)?.code
  expect(refusal('tally::*', 'tally::add')).toBeUndefined()
  expect(refusal('tally::*', 'tally::reset')).toBe('FORBIDDEN')
  expect(refusal('tally::reset', 'tally::reset')).toBeUndefined()
})

describe('an engine that is given it', () => {
  let engine: Engine
  const lines: string[] = []
  beforeAll(async () => {
    engine = await startEngine({
      configPath: write('  - name: tally', '    config: { max: 3 }'),
      watch: false,
      log: createLog({ level: 'warn', write: (line) => lines.push(line) }),
      builtIns: WITH_DUMMY,
      absentWorkers: ABSENT_WORKERS,
    })
  })
  afterAll(() => engine?.close())

  it('runs it and lists it', async () => {
    const { out } = await iii('trigger', 'engine::plugins::list', '--address', engine.url)
    const { plugins } = JSON.parse(out) as { plugins: { name: string }[] }
    expect(plugins.find(({ name }) => name === 'iii-tally')).toMatchObject({ state: 'running', origin: 'built-in' })
  })

  it('says who would provide its trigger type', async () => {
    const binding = JSON.stringify({ trigger_type: 'tally:full', function_id: 'x::y', config: {} })
    await iii('trigger', 'engine::register_trigger', '--json', binding, '--address', engine.url)
    expect(lines.join('')).toContain("trigger type 'tally:full' has no provider: add 'iii-tally' to the configuration")
  })

  it('is asked by its command', async () => {
    expect(await iii('tally', '--by', '2', '--address', engine.url)).toEqual({
      code: 0,
      out: 'TALLY  ADDED\n2      2',
      err: '',
    })
    expect(await iii('tallies', '--by', '2', '--address', engine.url)).toMatchObject({
      code: 1,
      err: expect.stringContaining('TALLY_FULL'),
    })
  })

  it('has its command in the help', async () => {
    expect((await iii('--help')).out).toMatch(/^ {2}tally, tallies\s+Add to the tally$/m)
  })

  it('shows on its start-up screen what to try with it', () => {
    const last = WITH_DUMMY.toReversed()
    expect(startScreen(engine.status(), terminalOf(process.stdout, { NO_COLOR: '1' }), last)).toContain(
      `iii trigger tally::add by=2 --address ${engine.url}`,
    )
  })
})
