// `npm ci` in a checkout, as README.md begins: quiet, but for what nobody here can change.
import { execFile } from 'node:child_process'
import { cpSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { findOldNode } from '../bin/old-node.ts'
import { tempFolder } from '../support/temp-folder.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))

/** The oldest Node of this machine is the one that most is said about. */
const node = findOldNode() ?? process.execPath

it('warns of nothing but vitest, which wants a newer Node than an old one and is run by such', async () => {
  const folder = tempFolder()
  for (const file of ['package.json', 'package-lock.json']) cpSync(path.join(root, file), path.join(folder, file))
  // The pinned Node of this run would be found first.
  const others = (process.env['PATH'] ?? '').split(path.delimiter).filter((place) => !place.includes('node_modules'))
  const env = { PATH: [path.dirname(node), ...others].join(path.delimiter), HOME: process.env['HOME'] }
  const { stderr } = await run('npm', ['ci', '--prefer-offline'], { cwd: folder, env })

  expect(stderr).not.toContain('install-scripts')
  const unfit = [...stderr.matchAll(/package: '(.+?)@[\d.]+'/g)].map(([, name]) => name)
  // npm 10 does not know `devEngines` yet, and asks the range of the published package.
  const { stdout } = await run('npm', ['--version'], { env })
  const tolerated = ['vitest', ...(Number.parseInt(stdout, 10) < 11 ? ['iii-host'] : [])]
  expect(unfit.filter((name = '') => !tolerated.includes(name))).toEqual([])
})
