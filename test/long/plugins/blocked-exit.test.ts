// A process with an engine in it ends although a thread of a plugin is blocked in a system call for ever.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { tempFolder } from '../../support/temp-folder.ts'

const ENGINE = pathToFileURL(join(import.meta.dirname, '../../../index.ts')).href

/** Opening a pipe that nobody writes to does not return. */
const stuck = (pipe: string): string => `import { readFileSync } from 'node:fs'
import { definePlugin } from 'iii-host/plugin'
export default definePlugin({ name: 'stuck', start({ iii }) {
  iii.registerFunction('stuck::read', () => readFileSync('${pipe}'))
} })
`

const program = (end: string): string => `import { startEngine } from '${ENGINE}'
const engine = await startEngine({ config: {
  engine: { stop_ms: 100, drain_ms: 1 },
  workers: [{ name: 'iii-worker-manager', config: { port: 0 } }, { name: 'stuck' }],
} })
const call = engine.call('stuck::read').catch(({ message }) => message)
while ((await engine.call('engine::plugins::list')).plugins.find(({ name }) => name === 'stuck').in_flight === 0);
await engine.close()
console.log(JSON.stringify([await call, ...engine.status().abandoned]))
${end}
`

test.each([
  ['by itself, when nothing is left to do', 'process.exitCode = 4', 4],
  ['by process.exit', 'process.exit(3)', 3],
])('%s, with its exit code, and says what it left behind', async (_how, end, expected) => {
  const dir = tempFolder()
  execFileSync('mkfifo', [join(dir, 'pipe')])
  mkdirSync(join(dir, 'plugins'))
  writeFileSync(join(dir, 'plugins/stuck.ts'), stuck(join(dir, 'pipe')))
  writeFileSync(join(dir, 'program.mjs'), program(end))
  const child = spawn(process.execPath, ['program.mjs'], { cwd: dir, stdio: ['ignore', 'pipe', 'ignore'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  expect(JSON.parse(output)).toEqual([
    'Invocation stopped: the engine is shutting down',
    expect.stringMatching(/^thread \d+ of plugin 'stuck'$/),
  ])
  expect(code).toBe(expected)
})
