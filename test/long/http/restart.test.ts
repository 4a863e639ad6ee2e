// Requests while the engine is started again: routes of the last run are waited for, others are not.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { engineFolder, HTTP_PORT, type EngineFolder, type EngineProcess } from '../../support/engine-process.ts'
import { RawClient } from '../../support/raw-client.ts'

let folder: EngineFolder
let engine: EngineProcess

beforeEach(async () => {
  folder = await engineFolder(`  - name: iii-http\n    config: { port: ${HTTP_PORT} }\n`)
  engine = await folder.start({ args: ['--no-watch'] })
})
afterEach(() => folder.remove())

/** A worker that does not come back by itself. */
async function worker(): Promise<RawClient> {
  const client = await RawClient.connect(folder.url)
  await client.provided('users::get', ({ path_params }: any) => ({ body: path_params.id }))
  const config = { http_method: 'GET', api_path: 'users/:id' }
  client.send({ type: 'registertrigger', id: 'r', trigger_type: 'http', function_id: 'users::get', config })
  await client.settled()
  return client
}

function remembered(): string {
  const file = join(folder.dir, 'data/plugins/iii-http/routes.json')
  return existsSync(file) ? readFileSync(file, 'utf8') : ''
}

const ask = (path: string): Promise<[number, unknown]> =>
  fetch(`${folder.httpUrl}${path}`).then(async (response) => [response.status, await response.json()])

it.each(['kill -9', 'a stop'])(
  'a request for a route waits for its worker after %s, another one does not',
  async (how) => {
    await worker()
    await expect.poll(remembered).toContain('/users/:id')
    if (how === 'kill -9') await engine.kill()
    else expect(await engine.stop()).toBe(0)
    expect(JSON.parse(remembered())).toEqual({ routes: [['GET', '/users/:id']] })
    engine = await folder.start({ args: ['--no-watch'] })
    let isAnswered = false
    const waiting = ask('/users/7').finally(() => (isAnswered = true))
    expect((await ask('/elsewhere'))[0]).toBe(404)
    expect(isAnswered).toBe(false)
    await worker()
    expect(await waiting).toEqual([200, '7'])
  },
)

it('a route that was unbound before is not waited for', async () => {
  const client = await worker()
  await expect.poll(remembered).toContain('/users/:id')
  client.send({ type: 'unregistertrigger', id: 'r', trigger_type: 'http' })
  await expect.poll(remembered).toBe('{"routes":[]}')
  await engine.kill()
  engine = await folder.start({ args: ['--no-watch'] })
  expect((await ask('/users/7'))[0]).toBe(404)
})
