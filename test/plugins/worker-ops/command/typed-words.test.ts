import { expect, it } from 'vitest'
import { typedWords } from '../../../../plugins/worker-ops/command/typed-words.ts'

it.each([
  [
    "Worker 'a' is not installed. Add it first: worker::add.",
    "Worker 'a' is not installed. Add it first: `iii worker add a`.",
  ],
  ['It is stopped. Start it: worker::start {"name":"b"}.', 'It is stopped. Start it: `iii worker start b`.'],
  ['Correct it, then call worker::start {"name":"b"}.', 'Correct it, then `iii worker start b`.'],
  ['Stop it first: worker::stop {"name":"b","yes":true}.', 'Stop it first: `iii worker stop b`.'],
  ['Add it: worker::add {"source":{"kind":"registry","name":"b"}}.', 'Add it: `iii worker add b`.'],
  ["Worker 'a' ended. worker::logs shows what it wrote.", "Worker 'a' ended. `iii worker logs a` shows what it wrote."],
  [
    'A worker is there. Say force: true to put this one in its place.',
    'A worker is there. Say --force to put this one in its place.',
  ],
  ["'a' brings 40 others along. Say yes: true if that is meant.", "'a' brings 40 others along."],
  [
    'Call worker::schema {"function_id":"iii.worker.yaml"} for what a manifest may say.',
    'See `iii trigger worker::schema function_id=iii.worker.yaml` for what a manifest may say.',
  ],
  [
    'Call worker::schema {"function_id":"worker::add"} for what it takes.',
    'See `iii worker add --help` for what it takes.',
  ],
  [
    'Next: call directory::registry::workers::list to see.',
    'Next: `iii trigger directory::registry::workers::list` to see.',
  ],
])('what a program is told, is said in words of the command line: %s', (told, typed) => {
  expect(typedWords(told, 'a')).toBe(typed)
})
