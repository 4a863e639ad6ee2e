// The configuration that a new project gets runs what runs where there is none, and nothing else.
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { expect, test } from 'vitest'
import { BUILT_INS } from '../../plugins/built-ins.ts'

test.each(['iii-config.yaml', 'examples/docker/iii-config.yaml'])('%s has an entry for each default worker', (file) => {
  const { workers } = parse(readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')) as {
    workers: { name: string }[]
  }
  const written = new Set(workers.map(({ name }) => name))
  const defaults = BUILT_INS.filter(({ about }) => 'isDefault' in about).map(({ about }) => about.name)
  expect(defaults).toEqual(expect.arrayContaining(['iii-queue', 'iii-http']))
  expect(defaults.filter((name) => !written.has(name))).toEqual([])
})
