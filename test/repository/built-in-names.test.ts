// Nothing outside `plugins/` names a built-in worker, not even in a comment: what others must know of one stands in its row of the table.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { ABSENT_WORKERS } from '../../plugins/absent-workers.ts'
import { BUILT_INS } from '../../plugins/built-ins.ts'
import { filesIn, ROOT } from './source-files.ts'

/**
 * Ids that go on the wire: those by which iii tells its own functions from those of workers, whoever provides them (spec 01 §9.5), and
 * those of the functions by which a worker serves a stream, and those that an error of a registry names.
 */
const LISTS_OF_IDS = ['core/telemetry/trace-context.ts', 'sdk/client/serve-stream.ts', 'kit/registry/registry-error.ts']
/** Words that mean other things too: they count only where a worker is meant. */
const ORDINARY_WORDS = ['state', 'stream', 'http', 'queue', 'bridge', 'configuration', 'rbac']

const workers = [...BUILT_INS.map(({ about }) => about), ...ABSENT_WORKERS]

function patternsOf({ name, alias, classes = [], functionIds = [] }: (typeof workers)[number]): RegExp[] {
  const words = alias === undefined ? [name] : [name, alias]
  return [
    ...words.map((word) =>
      ORDINARY_WORDS.includes(word)
        ? new RegExp(`(?:workers?|plugins?|built-ins?) ['"\`]${word}['"\`]|\\bname === ['"]${word}['"]`)
        : word === name
          ? new RegExp(`(?<![\\w-])${word}(?![\\w])`)
          : new RegExp(`['"\`]${word}['"\`]`),
    ),
    ...classes.map((className) => new RegExp(className)),
    // `engine::…` ids are the core's to call, whoever provides them.
    ...functionIds
      .filter((id) => id.includes('::') && !id.startsWith('engine::'))
      .map((id) => new RegExp(`(?<![\\w:])${id.replace(/\*$/, '')}`)),
  ]
}

function mentionsIn(text: string): string[] {
  const patterns = workers.flatMap(patternsOf)
  return text.split('\n').filter((line) => patterns.some((pattern) => pattern.test(line)))
}

it.each(['base', 'protocol', 'core', 'sdk', 'kit', 'bin', 'index.ts'])('%s names no built-in worker', (folder) => {
  const found = filesIn(folder)
    .filter((file) => !LISTS_OF_IDS.includes(file))
    .flatMap((file) => mentionsIn(readFileSync(path.join(ROOT, file), 'utf8')).map((line) => `${file}: ${line.trim()}`))
  expect(found).toEqual([])
})

describe('the search', () => {
  it.each([
    "add 'iii-queue' to the configuration",
    '// as iii-state does',
    "if (name === 'state') return",
    "// the plugin 'configuration'",
    "const alias = 'pubsub'",
    'class: modules::cron::CronModule',
    'use configuration::set',
  ])('finds: %s', (line) => {
    expect(mentionsIn(line)).toEqual([line])
  })
  it.each([
    "row['state'] === 'running'",
    "{ type: 'enqueue', queue: 'x' }",
    '// iii-config.yaml of iii-host',
    "cause: 'configuration'",
    'engine::queue::enqueue',
  ])('does not mind: %s', (line) => {
    expect(mentionsIn(line)).toEqual([])
  })
})
