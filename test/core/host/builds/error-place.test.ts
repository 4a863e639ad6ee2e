import { expect, test } from 'vitest'
import { errorPlace } from '../../../../core/host/builds/error-place.ts'

const FILE = { path: '/p/plugins/hello.ts', entryFile: '/p/plugins/hello.ts' }
const FOLDER = { path: '/p/plugins/hello', entryFile: '/p/plugins/hello/index.ts' }

test('names the first line of the plugin, past frames of others', () => {
  const stack =
    'Error: no\n    at connect (node:net:3:1)\n    at Object.start (/p/plugins/hello.ts:14:11)\n    at x (/p/plugins/hello.ts:2:2)'
  expect(errorPlace(stack, FILE, '/p')).toBe('plugins/hello.ts:14:11')
})
test('takes every file in the folder of a plugin, and file URLs', () => {
  expect(errorPlace('Error: no\n    at /p/plugins/hello/lib/a.ts:1:2', FOLDER, '/p')).toBe('plugins/hello/lib/a.ts:1:2')
  expect(errorPlace('Error: no\n    at f (file:///p/plugins/hello/a.ts:1:2)', FOLDER, '/p')).toBe(
    'plugins/hello/a.ts:1:2',
  )
})
test('takes no other plugin for it', () => {
  expect(errorPlace('Error: no\n    at f (/p/plugins/hello-2/a.ts:1:2)', FOLDER, '/p')).toBeUndefined()
  expect(errorPlace('Error: /p/plugins/hello.ts', FILE, '/p')).toBeUndefined()
})
