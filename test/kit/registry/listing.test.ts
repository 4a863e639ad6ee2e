// Listings (spec 05 A.3, A.7): the order of rows, pages, and local and remote registries merged.
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readCursor } from '../../../kit/registry/cursor.ts'
import { scoreOf } from '../../../kit/registry/ranking.ts'
import { listPage } from '../../../kit/registry/listing.ts'
import { workerRow, type RegistryPage, type WorkerRow } from '../../../kit/registry/shapes.ts'
import type { WorkerRegistry } from '../../../kit/registry/worker-registry.ts'
import { tempFolder } from '../../support/temp-folder.ts'
import { failureOf, openRegistry } from './open-registry.ts'
import { put, write } from './registry-folder.ts'
import { stubRegistry } from './stub-registry.ts'

const names = ({ workers }: RegistryPage): string[] => workers.map(({ name }) => name)
const row = (name: string, more: object = {}): WorkerRow => workerRow({ name, ...more }) as WorkerRow

async function allPages(registry: WorkerRegistry, search?: string): Promise<RegistryPage[]> {
  const pages: RegistryPage[] = []
  let cursor: string | undefined
  do {
    const page = await registry.list({ search, cursor })
    pages.push(page)
    cursor = page.pagination.next_cursor ?? undefined
  } while (cursor !== undefined && pages.length < 50)
  return pages
}

describe('pages', () => {
  test('of 45 workers have 20, 20 and 5 rows, all of them different', async () => {
    const { registry, folder } = openRegistry()
    for (let at = 0; at < 45; at++) put(folder, `bulk-${at}`, '1.0.0')
    const pages = await allPages(registry, 'bulk')
    expect(pages.map(({ workers }) => workers.length)).toEqual([20, 20, 5])
    expect(pages.map(({ pagination }) => pagination.has_more)).toEqual([true, true, false])
    expect(pages[0]?.pagination.next_cursor).toBe(Buffer.from('20').toString('base64url'))
    expect(pages[2]?.pagination.next_cursor).toBeNull()
    expect(new Set(pages.flatMap(names)).size).toBe(45)
  })

  test('have what the engine itself offers, as entries of type engine', async () => {
    const { registry } = openRegistry()
    const rows = (await allPages(registry)).flatMap(({ workers }) => workers)
    for (const name of ['configuration', 'iii-directory', 'iii-http', 'iii-queue', 'iii-state', 'iii-worker-manager'])
      expect(rows).toContainEqual(
        expect.objectContaining({ name, type: 'engine', author: { name: 'builtin', pfp: null, verified: true } }),
      )
    const { api_reference, readme } = await registry.info({ name: 'state' })
    expect(api_reference.functions).toContainEqual(expect.objectContaining({ name: 'state::set' }))
    expect(api_reference.triggers).toContainEqual(expect.objectContaining({ name: 'state' }))
    expect(readme).toContain('# iii-state')
    expect(await registry.release('queue', '^19')).toMatchObject({ name: 'iii-queue', artifact: { kind: 'engine' } })
  })

  test('have first what is downloaded most, then what comes first by name', async () => {
    const { registry, folder } = openRegistry()
    put(folder, 'xyz-b', '1.0.0')
    put(folder, 'xyz-a', '1.0.0')
    put(folder, 'xyz-c', '1.0.0', { worker: { total_downloads: 9 } })
    expect(names(await registry.list({})).slice(0, 3)).toEqual(['xyz-c', 'configuration', 'iii-bridge'])
    expect(names(await registry.list({ search: 'xyz' }))).toEqual(['xyz-c', 'xyz-a', 'xyz-b'])
  })

  test('leave out what can not be read, with a warning, and the others are there', async () => {
    const { registry, folder, warnings } = openRegistry()
    put(folder, 'xyz-good', '1.0.0')
    write(join(folder, 'xyz-broken', 'worker.json'), '{')
    write(join(folder, 'xyz-list', 'worker.json'), '[]')
    write(join(folder, 'xyz-no-version', 'worker.json'), '{}')
    write(join(folder, 'xyz-empty', '1.0.0', 'README.md'), '')
    write(join(folder, 'xyz-unpublished', 'worker.json'), '{}')
    write(join(folder, 'xyz-unpublished', '1.0.0', 'README.md'), '')
    write(join(folder, 'xyz-large', 'worker.json'), JSON.stringify({ description: 'x'.repeat(1024 * 1024) }))
    write(join(folder, 'a-file'), '')
    expect(names(await registry.list({ search: 'xyz' }))).toEqual(['xyz-good'])
    expect(warnings.filter((warning) => /xyz-(broken|list|unpublished|large)/.test(warning))).toHaveLength(4)
    expect((await failureOf(registry.info({ name: 'xyz-broken' }))).message).toMatch(
      /D311 invalid: .*worker\.json is no JSON/,
    )
    expect((await failureOf(registry.info({ name: 'xyz-large' }))).code).toBe('D320')
    expect((await failureOf(registry.info({ name: 'xyz-no-version' }))).code).toBe('D310')
  })
})

describe('several registries', () => {
  test('in folders: the first one that has a name wins', async () => {
    const other = join(tempFolder(), 'more')
    const first = openRegistry()
    const { registry } = openRegistry({ folders: [first.folder, other, '/nowhere'] })
    put(first.folder, 'xyz-both', '1.0.0')
    put(other, 'xyz-both', '2.0.0')
    put(other, 'xyz-other', '1.0.0')
    put(other, 'iii-state', '9.9.9')
    put(other, 'queue', '9.9.9')
    const rows = (await registry.list({ search: 'xyz' })).workers.map(({ name, version }) => `${name} ${version}`)
    expect(rows).toEqual(['xyz-both 1.0.0', 'xyz-other 1.0.0'])
    // Nobody takes the place of what the engine has.
    for (const name of ['iii-state', 'queue']) expect((await registry.release(name)).artifact.kind).toBe('engine')
  })

  test('one of them remote: rows are merged by rank, and local names win', async () => {
    const workers = [
      row('xyz-far', { total_downloads: 50 }),
      row('xyz-both', { total_downloads: 40, version: '9.0.0' }),
    ]
    const stub = await stubRegistry(() => ({ json: { workers: [...workers, row('state')] } }))
    const { registry, folder } = openRegistry({ remote: stub.url })
    put(folder, 'xyz-both', '1.0.0', { worker: { total_downloads: 10 } })
    put(folder, 'xyz-near', '1.0.0', { worker: { total_downloads: 60 } })
    const rows = (await registry.list({ search: 'xyz' })).workers.map(({ name, version }) => [name, version])
    expect(rows).toEqual([
      ['xyz-near', '1.0.0'],
      ['xyz-far', null],
      ['xyz-both', '1.0.0'],
    ])
    expect(names(await registry.list({})).slice(0, 3)).toEqual(['xyz-near', 'xyz-far', 'xyz-both'])
    expect((await registry.info({ name: 'xyz-both' })).worker.version).toBe('1.0.0')
    expect(stub.requests.filter(({ path }) => path !== '/w')).toEqual([])
  })

  test('of which the remote one fails: what is here is served with a warning, and nothing is an error', async () => {
    const stub = await stubRegistry(() => ({ status: 500 }))
    const { registry, folder, warnings } = openRegistry({ remote: stub.url })
    expect((await failureOf(registry.list({}))).code).toBe('D320')
    put(folder, 'xyz-here', '1.0.0')
    expect(names(await registry.list({ search: 'xyz-here' }))).toEqual(['xyz-here'])
    expect(warnings).toEqual([expect.stringContaining('answered with status 500')])
    expect((await failureOf(registry.list({ search: 'zzz' }))).message).toContain('status 500')
  })

  test('page after page: each row once, and a cursor of the remote one is passed on as it is', async () => {
    const far = Array.from({ length: 45 }, (_, at) => row(`far-${String(at).padStart(2, '0')}`))
    const stub = await stubRegistry(({ query }) => {
      const from = query['cursor'] === undefined ? 0 : Number(query['cursor'].slice('page-'.length))
      const next = from + 20 < far.length ? `page-${from + 20}` : null
      return {
        json: { workers: far.slice(from, from + 20), pagination: { next_cursor: next, has_more: next !== null } },
      }
    })
    const { registry, folder } = openRegistry({ remote: stub.url })
    for (let at = 0; at < 25; at++) put(folder, `near-${String(at).padStart(2, '0')}`, '1.0.0')
    const seen = (await allPages(registry)).flatMap(names)
    expect(new Set(seen).size).toBe(seen.length)
    for (const { name } of far) expect(seen).toContain(name)
    expect(seen.filter((name) => name.startsWith('near-'))).toHaveLength(25)

    const bare = openRegistry({ remote: stub.url })
    expect((await bare.registry.list({ search: 'far' })).pagination.next_cursor).toBe('page-20')
    expect(names(await bare.registry.list({ search: 'far', cursor: 'page-40' }))).toHaveLength(5)
  })

  test('of which the remote one never comes to an end: a page does', async () => {
    const stub = await stubRegistry(() => ({ json: { workers: [], pagination: { next_cursor: `${Math.random()}` } } }))
    const { registry } = openRegistry({ remote: stub.url })
    const page = await registry.list({ search: 'zzz' })
    expect(page.workers).toEqual([])
    expect(page.pagination.has_more).toBe(true)
    expect(stub.requests).toHaveLength(4)
    const same = await stubRegistry(() => ({
      json: { workers: [{ name: 'xyz' }], pagination: { next_cursor: 'same' } },
    }))
    expect((await allPages(openRegistry({ remote: same.url }).registry, 'xyz')).length).toBeLessThan(5)
  })

  test('split in any way: all rows come, once, whatever the pages of the remote one are', async () => {
    const pagesOf = fc.array(fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 12 }), { maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.integer({ min: 0, max: 60 }), { maxLength: 50 }),
        pagesOf,
        async (near, far) => {
          const seenFar = new Set<number>()
          const pages = far.map((page) => page.filter((each) => !seenFar.has(each) && seenFar.add(each)))
          const local = near.toSorted((a, b) => a - b).map((each) => ({ row: row(`w${each}`), score: 0 }))
          const deps = {
            local,
            search: undefined,
            localNames: new Set(near.map((each) => `w${each}`)),
            remotePage: (cursor: string | undefined) => {
              const at = cursor === undefined ? 0 : Number(cursor)
              const rows = (pages[at] ?? []).map((each) => row(`w${each}`))
              return Promise.resolve({ rows, next: at + 1 < pages.length ? String(at + 1) : null })
            },
          }
          const seen: string[] = []
          let cursor: string | undefined
          do {
            const page = await listPage(readCursor(cursor, true), deps)
            seen.push(...names(page))
            cursor = page.pagination.next_cursor ?? undefined
          } while (cursor !== undefined)
          const expected = [...new Set([...near, ...seenFar])].map((each) => `w${each}`)
          expect(seen.toSorted()).toEqual(expected.toSorted())
        },
      ),
    )
  })
})

describe('a cursor', () => {
  test.each(['', 'nonsense', '-1', 'MjA=x', 'm.', 'm.e30', 'x'.repeat(4_097)])(
    '%j that no page gave is refused',
    async (cursor) => {
      const { registry } = openRegistry()
      if (cursor === '') return void expect((await registry.list({ cursor })).workers.length).toBeGreaterThan(0)
      if (cursor === 'MjA=x') return void expect((await registry.list({ cursor })).workers).toBeDefined()
      expect((await failureOf(registry.list({ cursor }))).message).toContain('is none that a page gave')
    },
  )
  test('of ours that was changed is refused too, with a remote registry', async () => {
    const stub = await stubRegistry(() => ({ json: { workers: [] } }))
    const { registry } = openRegistry({ remote: stub.url })
    for (const parts of ['{}', '[1]', '[-1,null,0]', '[0,7,0]', '[0,null,0.5]']) {
      const cursor = `m.${Buffer.from(parts).toString('base64url')}`
      expect((await failureOf(registry.list({ cursor }))).code).toBe('D311')
    }
  })
})

describe('a search', () => {
  const image = {
    row: row('image-resize', { description: 'Makes pictures small' }),
    aliases: ['pics'],
    tags: ['thumb'],
  }
  test.each([
    ['image-resize', 1],
    ['IMAGE-RESIZE', 1],
    ['pics', 1],
    ['image', 0.8],
    ['image resize', 0.6],
    ['resize::image', 0.6],
    ['thumb', 0.6],
    ['make pictures', 0.4],
    ['pictures of cats', 0.4 / 3],
    ['image::scale now', 0.4 * (2 / 3)],
    ['zzz', 0],
    ['- _', 0],
  ])('for %j scores %d', (search, score) => {
    expect(scoreOf({ ...image, functionNames: ['image::scale'] }, search)).toBeCloseTo(score)
  })
})
