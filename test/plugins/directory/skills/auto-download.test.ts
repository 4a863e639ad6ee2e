// The setting `auto_download`: the skills of a worker come when it is added.
import { expect, test } from 'vitest'
import { SkillsRun, type SkillsRunOptions } from './run-skills.ts'

async function withWorkerEvents(options: SkillsRunOptions) {
  const run = await SkillsRun.start({ autoDownload: true, ...options })
  const bound: { id: string; function_id: string; config: unknown }[] = []
  const provider = run.engine.connect({ name: 'provider' })
  provider.registerTriggerType(
    { id: 'worker' },
    { registerTrigger: (binding: never) => void bound.push(binding), unregisterTrigger: () => {} },
  )
  await expect.poll(() => bound).toHaveLength(1)
  const { id, function_id, config } = bound[0]!
  expect(config).toEqual({ operations: ['add'], stages: ['done'] })
  return {
    run,
    fire: (event: object) => provider.trigger({ function_id, payload: event, binding: id }),
  }
}

const SKILLS = { name: 'image-resize', version: '1.2.0', skills: [{ path: 'index.md', content: '# R' }], prompts: [] }

test('brings the skills of the version that was added', async () => {
  const queries: object[] = []
  const { run, fire } = await withWorkerEvents({
    published: async (query) => {
      queries.push(query)
      return SKILLS
    },
  })
  const event = { operation: 'add', stage: 'done', worker: 'image-resize', version: '1.2.0' }
  await fire({ ...event, source: { kind: 'registry', ref: 'image-resize@1.2.0' } })
  expect(queries).toEqual([{ name: 'image-resize', version: '1.2.0' }])
  expect(await run.ids()).toEqual(['image-resize/index'])
})

test('asks no registry for a worker of a folder, and fails for nobody', async () => {
  const { run, fire } = await withWorkerEvents({
    published: async () => {
      throw new Error('no such worker')
    },
  })
  await fire({ operation: 'add', stage: 'done', worker: 'mine', source: { kind: 'local' } })
  expect(run.logged('could not be downloaded')).toBe(false)
  await fire({ operation: 'add', stage: 'done', worker: 'theirs' })
  expect(run.logged("the skills of 'theirs' could not be downloaded: no such worker")).toBe(true)
  await fire([])
})

test('does nothing unless it is set', async () => {
  const run = await SkillsRun.start()
  expect(run.host.functions).not.toContain('directory::skills::on-worker-added')
})
