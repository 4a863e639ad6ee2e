// The one command of examples/todo/README.md, in a checkout in which nothing is installed yet, on the Node that most systems have.
import { cpSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { findOldNode } from '../bin/old-node.ts'
import { lacks } from '../support/needs.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { unusedPort } from '../support/unused-port.ts'
import { ROOT } from './example-folder.ts'
import { launch, startProgram } from './programs.ts'

/** What a clone of the repository has not. */
const NOT_CLONED = /(^|\/)node_modules$|^(\.git|\.vitest|dist|data|config)$|^examples\/[^/]+\/(data|config|app\/dist)$/

it.skipIf(lacks('old Node'))('runs after npm ci in its folder alone (needs old Node)', async () => {
  const checkout = tempFolder()
  cpSync(ROOT, checkout, { recursive: true, filter: (file) => !NOT_CLONED.test(file.slice(ROOT.length)) })
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => !folder.startsWith(ROOT))
  const ports = await Promise.all(Array.from({ length: 4 }, unusedPort))
  const [III_PORT, PUBLIC_PORT, STREAM_PORT, PAGE_PORT] = ports.map(String) as [string, string, string, string]
  const env = {
    PATH: [dirname(findOldNode()!), ...folders].join(delimiter),
    ...{ III_PORT, PUBLIC_PORT, STREAM_PORT, PAGE_PORT, npm_config_prefer_offline: 'true' },
  }
  const options = { command: 'npm', cwd: join(checkout, 'examples/todo'), env }

  const installed = launch(['ci'], {
    ...options,
    ready: /added \d+ packages[\s\S]*added \d+ packages/,
    startMs: 240_000,
  })
  onTestFinished(installed.kill)
  await installed.isReady
  expect(installed.output()).toContain('Installing the packages of iii-host')
  await startProgram(['start'], { ...options, ready: /todo-project::auth-function/ })
  const page = await fetch(`http://127.0.0.1:${PAGE_PORT}/src/lib/iii.ts`)
  expect(await page.text()).toContain(`ws://localhost:${PUBLIC_PORT}`)
})
