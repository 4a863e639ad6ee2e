// The cases of streams over the plugin alone.
import { describe, expect, onTestFinished, test } from 'vitest'
import { RawJson } from '../../../sdk/raw-json.ts'
import { Collector } from '../../support/deadline.ts'
import { tempFolder } from '../../support/temp-folder.ts'
import { customCases } from './custom-cases.ts'
import { functionCases } from './function-cases.ts'
import { runStreamPlugin } from './run-plugin.ts'
import type { StreamRun } from './stream-run.ts'

async function open(): Promise<StreamRun> {
  const run = await runStreamPlugin(tempFolder())
  onTestFinished(() => run.stop())
  return run
}

functionCases('stream plugin', open)
customCases('stream plugin', open)

describe('an item', () => {
  const exact = '{ "big": 9007199254740993, "small": -0.50e-7 }'
  const ITEM = '"stream_name":"s","group_id":"g","item_id":"i"'

  async function openRaw() {
    const run = await runStreamPlugin(tempFolder())
    onTestFinished(() => run.stop())
    const seen = new Collector<string>()
    run.worker.registerFunction('test::seen', (json: string) => seen.add(json), { raw: true })
    await run.bind({ id: 'b', function_id: 'test::seen', config: { stream_name: 's' } })
    const call = async (function_id: string, input: string): Promise<string | undefined> =>
      (await run.worker.trigger<unknown, RawJson | undefined>({ function_id, payload: new RawJson(input), raw: true }))
        ?.json
    return { run, seen, call }
  }

  test('is kept and told as the text that was sent', async () => {
    const { seen, call } = await openRaw()
    expect(await call('stream::set', `{${ITEM},"data":${exact}}`)).toBe(`{"old_value":null,"new_value":${exact}}`)
    expect(await call('stream::get', `{${ITEM}}`)).toBe(exact)
    await call('stream::send', `{"stream_name":"s","group_id":"g","type":"t","data":${exact}}`)
    const [created, sent] = await seen.take(2)
    expect(created).toContain(`"event":{"type":"create","data":${exact}}`)
    expect(sent).toContain(`"event":{"type":"event","event":{"type":"t","data":${exact}}}`)
  })

  test('of a custom stream reaches its worker as the text that was sent', async () => {
    const { run, call } = await openRaw()
    const stored = new Collector<string>()
    run.worker.registerFunction('stream::set(s)', (json: string) => void stored.add(json), { raw: true })
    await run.call('iii-stream::on-functions-changed', {
      added: [{ function_id: 'stream::set(s)', namespace: 'default' }],
      removed: [],
    })
    expect(await call('stream::set', `{${ITEM},"data":${exact}}`)).toBe(`{"old_value":null,"new_value":${exact}}`)
    expect(await stored.take(1)).toEqual([`{${ITEM},"data":${exact}}`])
  })
})
