// A configuration with placeholders is edited as any other, also where it is no YAML before they are replaced.
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { ConfigFile } from '../../../../plugins/worker-ops/config-file/config-file.ts'
import { tempFolder } from '../../../support/temp-folder.ts'

it('entries are listed, added and removed beside placeholders, which stay as they are', async () => {
  const name = path.join(tempFolder(), 'iii-config.yaml')
  const text = `workers:
  - name: iii-worker-manager
    config: { port: \${III_PORT:49134}, host: "\${HOST:127.0.0.1}" } # placeholder0x
  - name: \${WORKER:greeter}
    worker_path: \${ROOT:/srv}/greeter
`
  writeFileSync(name, text)
  const file = new ConfigFile(name)
  expect(await file.entries()).toMatchObject([
    { name: 'iii-worker-manager' },
    { name: '${WORKER:greeter}', worker_path: '${ROOT:/srv}/greeter' },
  ])
  const takeBack = await file.append({ name: 'hello', worker_path: '/srv/hello' })
  expect(readFileSync(name, 'utf8')).toBe(`${text}  - name: hello\n    worker_path: /srv/hello\n`)
  await takeBack()
  expect(readFileSync(name, 'utf8')).toBe(text)
  await file.append({ name: 'hello' })
  await file.remove(new Set(['hello']))
  expect(readFileSync(name, 'utf8')).toBe(text)
})
