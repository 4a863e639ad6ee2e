// What the patterns of `watch` mean: a folder, whether what is below it counts, and extensions (spec 04 part D).
import { expect, test } from 'vitest'
import { mergeRoots, readPattern } from '../../../plugins/exec/watch/patterns.ts'

const NAMES = ['a.ts', 'a.tsx', 'a.test.ts', 'a.js', 'b.TS', 'Makefile', '.env', 'server.ts']

test.each([
  ['src/**/*.ts', '/p/src', true, ['a.ts', 'a.test.ts', 'server.ts']],
  ['src/**/*.test.ts', '/p/src', true, ['a.ts', 'a.test.ts', 'server.ts']],
  ['src/**/*.{ts,tsx}', '/p/src', true, ['a.ts', 'a.tsx', 'a.test.ts', 'server.ts']],
  ['src/**/*{.ts, .tsx}', '/p/src', true, ['a.ts', 'a.tsx', 'a.test.ts', 'server.ts']],
  ['src/*.js', '/p/src', false, ['a.js']],
  ['src/server*.ts', '/p/src', false, ['a.ts', 'a.test.ts', 'server.ts']],
  ['./src/**/*.js', '/p/src', true, ['a.js']],
  ['../shared/**/*.js', '/shared', true, ['a.js']],
  ['/abs/**/*.js', '/abs', true, ['a.js']],
  ['*.js', '/p', false, ['a.js']],
  ['**/*.js', '/p', true, ['a.js']],
  ['src/**', '/p/src', true, ['a.ts', 'a.tsx', 'a.test.ts', 'a.js', 'b.TS', 'server.ts']],
  ['./src/**/*', '/p/src', true, ['a.ts', 'a.tsx', 'a.test.ts', 'a.js', 'b.TS', 'server.ts']],
  ['src/*.*', '/p/src', false, ['a.ts', 'a.tsx', 'a.test.ts', 'a.js', 'b.TS', 'server.ts']],
  ['src', '/p/src', false, ['a.ts', 'a.tsx', 'a.test.ts', 'a.js', 'b.TS', 'server.ts']],
  ['v1.2/', '/p/v1.2', false, ['a.ts', 'a.tsx', 'a.test.ts', 'a.js', 'b.TS', 'server.ts']],
  ['src/server.ts', '/p/src', false, ['server.ts']],
  ['.env', '/p', false, ['.env']],
])('%s', (text, folder, isRecursive, expected) => {
  const pattern = readPattern(text, '/p')
  expect(pattern).toMatchObject({ folder, isRecursive })
  expect(NAMES.filter(pattern.matches)).toEqual(expected)
})

test('patterns of one folder are one, recursive if one of them is', () => {
  const roots = mergeRoots(['src/*.ts', 'lib/*.js', './src/**/*.js'].map((text) => readPattern(text, '/p')))
  expect(roots).toMatchObject([
    { folder: '/p/src', isRecursive: true },
    { folder: '/p/lib', isRecursive: false },
  ])
  expect(NAMES.filter(roots[0]!.matches)).toEqual(['a.ts', 'a.test.ts', 'a.js', 'server.ts'])
})
