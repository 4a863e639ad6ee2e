// What goes beyond iii, in a whole engine with an unmodified SDK: formats as it sends them, a reload, settings at run time.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Validator } from '@seriousme/openapi-schema-validator'
import { expect, it } from 'vitest'
import { connectSdk, V22 } from '../../clients/versions.ts'
import { tempFolder } from '../../support/temp-folder.ts'
import { unusedPort } from '../../support/unused-port.ts'
import { startHttpEngine } from './http-engine.ts'

const FORMAT = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  definitions: { Note: { type: 'object', required: ['text'], properties: { text: { type: 'string' } } } },
  type: 'object',
  properties: {
    body: { $ref: '#/definitions/Note' },
    query_params: { type: 'object', properties: { page: { type: 'integer' } } },
  },
}

it('all of it works in an engine, before and after a reload', async () => {
  const file = join(tempFolder(), 'access.log')
  const port = await unusedPort()
  const http = await startHttpEngine({
    port,
    openapi: {},
    validate_requests: true,
    etag: true,
    compression: { min_bytes: 10 },
    access_log: { file },
    health: { port: await unusedPort() },
  })
  const url = await http.url()
  const client = connectSdk(V22, http.engine.url)
  client.registerFunction('notes::add', async ({ body }: any) => ({ body: body ?? { list: 'x'.repeat(100) } }), {
    description: 'Adds a note',
    request_format: FORMAT,
  } as never)
  for (const http_method of ['POST', 'GET'])
    client.registerTrigger({ type: 'http', function_id: 'notes::add', config: { http_method, api_path: '/notes' } })
  const add = (body: string) =>
    fetch(`${url}/notes?page=2`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  await expect.poll(async () => (await add('{"text":"a"}')).status).toBe(200)

  for (const round of ['before', 'after']) {
    const document = (await (await fetch(`${url}/openapi.json`)).json()) as any
    expect((await new Validator().validate(structuredClone(document))).valid, round).toBe(true)
    const { post } = document.paths['/notes']
    expect(post.description).toBe('Adds a note')
    expect(post.requestBody.content['application/json'].schema).toEqual({
      $ref: '#/components/schemas/notes.add.request.Note',
    })
    expect(document.components.schemas['notes.add.request.Note'].required).toEqual(['text'])

    const refused = await add('{"text":7}')
    expect([refused.status, ((await refused.json()) as any).errors[0].pointer]).toEqual([422, '/body/text'])
    const list = await fetch(`${url}/notes`)
    expect(list.headers.get('content-encoding')).toMatch(/^(?:zstd|br|gzip)$/)
    expect(await list.json()).toHaveProperty('list')

    const addresses = ((await http.engine.call('engine::plugins::info', { name: 'iii-http' })) as any).addresses
    const health = await fetch(`${addresses[1]}/health`)
    expect([health.status, ((await health.json()) as any).status]).toEqual([200, 'healthy'])
    if (round === 'before') await http.engine.call('engine::plugins::reload', { name: 'iii-http' })
  }
  await http.engine.call('configuration::set', { id: 'iii-http', value: { port } })
  // Connections that the generation before the reload still has end with their next answer.
  await expect.poll(async () => (await fetch(`${url}/openapi.json`)).status).toBe(404)
  await expect.poll(async () => (await add('{"text":7}')).status).toBe(200)
  await http.close()
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
  const paths = lines.map((line) => (JSON.parse(line) as { path: string }).path)
  expect(new Set(paths)).toEqual(new Set(['/notes', '/openapi.json']))
})
