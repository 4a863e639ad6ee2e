// The nginx block of the guide on public listeners, in a real nginx before a whole engine.
import { expect, onTestFinished, test, describe } from 'vitest'
import { registerWorker } from '../../../sdk.ts'
import { connectSdk, V22, type Client } from '../../clients/versions.ts'
import { EngineFolder, LISTENER } from '../../core/engine/running-engine.ts'
import { lacks } from '../../support/needs.ts'
import { nginxBlocks, startNginx, type NginxServer } from '../../support/nginx.ts'
import { RawClient } from '../../support/raw-client.ts'

const PUBLIC = `{ name: iii-worker-manager, config: { port: 0, rbac: { auth_function_id: gate::auth, expose_functions: ['match("todos::*")'] } } }`

interface AuthInput {
  readonly headers: Record<string, string>
  readonly query_params: Record<string, string[]>
  readonly ip_address: string
}

interface Scene {
  readonly inside: Client
  readonly nginx: NginxServer
  /** What the auth function was asked. */
  readonly asked: AuthInput[]
}

/** The block as it stands on the page, but for the port. */
async function behindNginx(): Promise<Scene> {
  const folder = new EngineFolder()
  folder.configure(LISTENER, PUBLIC)
  await folder.start({ watch: false })
  const inside = connectSdk(V22, folder.url())
  const asked: AuthInput[] = []
  inside.registerFunction('gate::auth', async (input: AuthInput) => {
    asked.push(input)
    if (input.query_params['token']?.[0] !== 'tok-anna') throw new Error('this token is not valid')
    return {}
  })
  inside.registerFunction('todos::list', async () => ['milk'])
  const [block = ''] = await nginxBlocks('docs/guides/rbac.md')
  expect(block).toContain('http://127.0.0.1:3111/')
  const nginx = await startNginx(block.replace('127.0.0.1:3111', new URL(folder.url(1)).host))
  onTestFinished(() => nginx.stop())
  await expect
    .poll(() => inside.trigger({ function_id: 'todos::list', payload: {}, timeoutMs: 1_000 }).catch(String))
    .toEqual(['milk'])
  return { inside, nginx, asked }
}

describe.skipIf(lacks('nginx'))('A public listener behind nginx as in the guide (needs nginx)', () => {
  test('Sessions of our SDK and of iii-sdk call through it, and the auth function hears of the address', async () => {
    const { nginx, asked } = await behindNginx()
    const url = `ws://${nginx.host}/iii/?token=tok-anna`
    const ours = registerWorker(url)
    onTestFinished(() => ours.shutdown())
    const theirs = connectSdk(V22, url)
    const list = { function_id: 'todos::list', payload: {}, timeoutMs: 10_000 }
    expect([await ours.trigger(list), await theirs.trigger(list)]).toEqual([['milk'], ['milk']])
    expect(asked.map(({ headers, ip_address }) => [headers['x-real-ip'], ip_address])).toContainEqual([
      '127.0.0.1',
      '127.0.0.1',
    ])
  })

  test('A channel goes through it, a megabyte and the end of it', async () => {
    const { inside, nginx } = await behindNginx()
    inside.registerFunction('todos::export', async ({ writer }: any) => {
      writer.stream.end(Buffer.alloc(1_000_000, 'x'))
      return 'sent'
    })
    const outside = connectSdk(V22, `ws://${nginx.host}/iii/?token=tok-anna`)
    await expect
      .poll(() => inside.trigger({ function_id: 'engine::functions::list', payload: {} }).then(JSON.stringify))
      .toContain('todos::export')
    const { reader, writerRef } = await V22.channel(outside)
    const all = reader.readAll()
    expect(await outside.trigger({ function_id: 'todos::export', payload: { writer: writerRef } })).toBe('sent')
    expect((await all).length).toBe(1_000_000)
  })

  test('Who is refused hears why', async () => {
    const { nginx } = await behindNginx()
    const client = new RawClient(`ws://${nginx.host}/iii/?token=mallory`)
    expect((await client.closed).code).toBe(1008)
    expect(client.frames).toMatchObject([
      { type: 'error', error: { code: 'AUTH_ERROR', message: 'this token is not valid' } },
    ])
  })

  test('The address that it tells is not the one that a client writes into the header', async () => {
    const { nginx, asked } = await behindNginx()
    const headers = { 'X-Real-IP': '203.0.113.7' }
    const client = new RawClient(`ws://${nginx.host}/iii/?token=tok-anna`, { headers })
    await client.next('workerregistered')
    client.close()
    expect(asked.map(({ headers }) => headers['x-real-ip'])).toEqual(['127.0.0.1'])
  })

  test('No token stands in its log, where other requests do', async () => {
    const { nginx } = await behindNginx()
    const client = new RawClient(`ws://${nginx.host}/iii/?token=tok-anna`)
    await client.next('workerregistered')
    client.close()
    await client.closed
    expect((await fetch(`http://${nginx.host}/elsewhere`)).status).toBe(404)
    await expect.poll(() => nginx.accessLog()).toContain('/elsewhere')
    expect(await nginx.accessLog()).not.toContain('/iii/')
  })
})
