// docs/reference/limits.md, docs/reference/workers.md, docs/reference/sdk.md and the types of known ids are what the code says now.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { ABSENT_WORKERS } from '../../plugins/absent-workers.ts'
import { BUILT_INS } from '../../plugins/built-ins.ts'
import { engineWorkers } from '../../scripts/reference/engine-workers.ts'
import { knownTypes } from '../../scripts/reference/known-types.ts'
import { limitsReference } from '../../scripts/reference/limits.ts'
import { missingOnPage, sdkReference } from '../../scripts/reference/sdk.ts'
import { workersReference } from '../../scripts/reference/workers.ts'
import { ROOT } from './snippets.ts'

const page = (name: string): string => readFileSync(path.join(ROOT, `docs/reference/${name}.md`), 'utf8')

it('the limits are up to date (write them with: npm run docs)', async () => {
  expect(page('limits')).toBe(await limitsReference(BUILT_INS))
})

it('the built-in workers are up to date (write them with: npm run docs)', async () => {
  expect(page('workers')).toBe(await workersReference(BUILT_INS, ABSENT_WORKERS))
})

it('the SDK is up to date (write it with: npm run docs), and nothing that it exports is missing', () => {
  expect(page('sdk')).toBe(sdkReference())
  expect(missingOnPage()).toEqual([])
})

it('the types of known ids are up to date (write them with: npm run docs)', async () => {
  for (const [file, text] of await knownTypes(BUILT_INS))
    expect(readFileSync(path.join(ROOT, file), 'utf8'), file).toBe(text)
})

it('what registries tell of the built-in workers is up to date (write it with: npm run docs)', async () => {
  for (const [file, text] of await engineWorkers(BUILT_INS))
    expect(readFileSync(path.join(ROOT, file), 'utf8'), file).toBe(text)
})

it('every option of a limit is one of the settings of its worker', async () => {
  for (const { about } of BUILT_INS) {
    const settings = Object.keys(((await about.config?.()) as { properties?: object })?.properties ?? {})
    const options = ((await about.bounds?.()) ?? []).flatMap(({ option }) => option ?? [])
    expect(settings, about.name).toEqual(expect.arrayContaining(options))
  }
})
