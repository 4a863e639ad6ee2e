// The file that pages load: small, alone, and complete (spec 08 §16, §17).
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { expect, it } from 'vitest'
import { BROWSER_BUNDLE } from '../../../scripts/browser-bundle.ts'

const MAX_GZIPPED_BYTES = 15_000

it('has at most 15 KB gzipped, and imports nothing', async () => {
  const { outputFiles, metafile } = await build({ ...BROWSER_BUNDLE, write: false, metafile: true })
  const [file] = outputFiles
  expect(gzipSync(file!.contents, { level: 9 }).length).toBeLessThanOrEqual(MAX_GZIPPED_BYTES)
  expect(Object.values(metafile.outputs).flatMap(({ imports }) => imports)).toEqual([])
  expect(Object.keys(metafile.inputs).filter((input) => input.includes('node_modules'))).toEqual([])
  expect(file!.text).not.toMatch(/node:|\brequire\(|\bprocess\./)
})

it('exports all that code for pages of old and new asks for', async () => {
  const sdk = await import('../../../browser.ts')
  expect(Object.keys(sdk)).toEqual(
    expect.arrayContaining([
      'registerWorker',
      'TriggerAction',
      'ChannelReader',
      'ChannelWriter',
      'EngineFunctions',
      'EngineTriggers',
      'RegistrationRejectedError',
      'InvocationError',
      'IIIInvocationError',
      'createChannel',
      'createStream',
      'isChannelRef',
      'extractChannelRefs',
      'ChannelDirection',
      'ChannelItem',
      'StateEventType',
    ]),
  )
})
