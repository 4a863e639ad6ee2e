// What each built-in worker says of itself in its `about.ts` is what it does in an engine that runs.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { invokeOnce } from '../../bin/engine-client.ts'
import { matchesWildcard } from '../../base/values/wildcard.ts'
import { createLog } from '../../core/log.ts'
import { startEngine, type Engine } from '../../index.ts'
import { BUILT_INS } from '../../plugins/built-ins.ts'
import { SEATS } from '../../protocol/seats.ts'
import { declaredFunctions } from '../../scripts/reference/engine-parts.ts'

interface Info {
  readonly config_schema: object | null
  readonly functions: readonly string[]
  readonly trigger_types: readonly string[]
  readonly addresses?: readonly string[]
}

let cwd: string
let engine: Engine
beforeAll(async () => {
  cwd = mkdtempSync(path.join(tmpdir(), 'iii-about-'))
  const workers = BUILT_INS.map(({ about: { name, listens, leastConfig } }) => {
    return { name, config: { ...leastConfig, ...(listens !== undefined && { [listens.port]: 0 }) } }
  })
  const listener = { name: 'iii-worker-manager', config: { port: 0 } }
  writeFileSync(path.join(cwd, 'iii-config.yaml'), JSON.stringify({ workers: [listener, ...workers] }))
  engine = await startEngine({ cwd, watch: false, log: createLog({ level: 'silent', write: () => {} }) })
})
afterAll(async () => {
  await engine?.close()
  rmSync(cwd, { recursive: true, force: true })
})

/** Internal functions that are there only where a setting asks for them. */
const WITH_A_SETTING = ['directory::skills::on-worker-added']

describe.each(BUILT_INS)('$about.name', ({ about }) => {
  const info = async (): Promise<Info> =>
    (await invokeOnce(
      { address: engine.url },
      { functionId: 'engine::plugins::info', data: { name: about.name } },
    )) as Info

  it('takes the settings that it says', async () => {
    expect((await info()).config_schema).toEqual((await about.config?.()) ?? null)
  })
  it('provides the trigger types that it says', async () => {
    expect((await info()).trigger_types).toEqual([...(about.triggerTypes ?? [])].sort())
  })
  it('declares its trigger types as it registers them', async () => {
    const { trigger_types: types } = (await invokeOnce(
      { address: engine.url },
      { functionId: 'engine::trigger-types::list', data: {} },
    )) as { trigger_types: { id: string; trigger_request_format?: unknown; call_request_format?: unknown }[] }
    const declared = (await about.declareTriggerTypes?.()) ?? []
    expect(declared.map(({ id }) => id)).toEqual(about.triggerTypes ?? [])
    for (const { id, trigger_request_format, call_request_format } of declared)
      expect(types.find((type) => type.id === id)).toMatchObject({ trigger_request_format, call_request_format })
  })
  it('has the functions that it declares, by ids that it says', async () => {
    const seats = (about.seats ?? []).map((seat) => SEATS[seat as keyof typeof SEATS])
    const declared = (await declaredFunctions(about)).map(({ id }) => id)
    const { functions } = await info()
    const { functions: listed } = (await invokeOnce(
      { address: engine.url },
      { functionId: 'engine::functions::list', data: {} },
    )) as { functions: { function_id: string }[] }
    // What only the engine calls, and what is internal, needs no reference.
    const shown = functions.filter((id) => listed.some(({ function_id }) => function_id === id))
    expect(shown).toEqual([...declared].sort())
    for (const id of declared) expect(about.functionIds?.some((pattern) => matchesWildcard(pattern, id))).toBe(true)
    for (const id of seats) expect(functions).toContain(id)
    const there = [...declared, ...functions, ...WITH_A_SETTING]
    for (const grant of about.exactGrants ?? []) expect(there.some((id) => matchesWildcard(grant, id))).toBe(true)
  })
  it('listens if it says so', async () => {
    expect(((await info()).addresses?.length ?? 0) > 0).toBe(about.listens !== undefined)
  })
})
