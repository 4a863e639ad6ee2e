// The routes of the last run: what is waited for and how long, when the file is written, and what is done about one that is broken.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import {
  AWAITED_MS,
  MAX_FILE_BYTES,
  MAX_REMEMBERED_ROUTES,
  RememberedRoutes,
} from '../../../plugins/http/remembered-routes.ts'
import type { RouteName } from '../../../plugins/http/routes/awaited-routes.ts'
import { ManualClock } from '../../core/host/manual-clock.ts'
import { collectingLog } from '../../support/collecting-log.ts'
import { tempFolder } from '../../support/temp-folder.ts'

const COLLECT_MS = 250
const USERS: RouteName = { method: 'GET', pattern: '/users/:id' }
const SAVE: RouteName = { method: 'PUT', pattern: '/users/:id' }

function scene({ file = join(tempFolder(), 'iii-http', 'routes.json') } = {}) {
  const { lines, ...log } = collectingLog()
  const clock = new ManualClock()
  const now: RouteName[] = []
  const session: { of?: RouteName } = {}
  const current = () => now.map((route) => ({ ...route, value: { session: route === session.of ? 's-1' : undefined } }))
  const remembered = new RememberedRoutes({ file, current, log, clock })
  onTestFinished(() => remembered.close(true))
  return {
    file,
    lines,
    clock,
    now,
    session,
    remembered,
    written: () => (existsSync(file) ? readFileSync(file, 'utf8') : ''),
  }
}

/** One whose last run had these routes. */
async function after(routes: readonly RouteName[], ignoreTrailingSlash = false) {
  const made = scene()
  mkdirSync(dirname(made.file))
  const content = { routes: routes.map(({ method, pattern }) => [method, pattern]) }
  writeFileSync(made.file, JSON.stringify(content))
  await made.remembered.load(ignoreTrailingSlash)
  made.remembered.begin()
  return made
}

it('writes what is bound a moment after a change, and at the end', async () => {
  const { remembered, clock, now, written } = scene()
  await remembered.load(false)
  remembered.begin()
  now.push(USERS)
  remembered.bound(USERS)
  await clock.pass(COLLECT_MS - 1)
  expect(written()).toBe('')
  await clock.pass(1)
  await expect.poll(written).toBe('{"routes":[["GET","/users/:id"]]}')
  now.push(SAVE, SAVE)
  remembered.bound(SAVE)
  await remembered.close(false)
  expect(written()).toBe('{"routes":[["GET","/users/:id"],["PUT","/users/:id"]]}')
})

it('does not remember what a session has bound', async () => {
  const { remembered, now, session, written } = scene()
  await remembered.load(false)
  remembered.begin()
  now.push(USERS, SAVE)
  session.of = USERS
  await remembered.close(false)
  expect(written()).toBe('{"routes":[["PUT","/users/:id"]]}')
})

it('leaves the file to the next generation', async () => {
  const { remembered, now, written } = await after([])
  const before = written()
  now.push(USERS)
  remembered.bound(USERS)
  await remembered.close(true)
  expect(written()).toBe(before)
})

it('has requests wait for a route until it is bound', async () => {
  const { remembered } = await after([USERS, SAVE])
  const [get, put] = [remembered.arrivalFor('GET', '/users/7'), remembered.arrivalFor('PUT', '/users/7')]
  expect([get, put]).toEqual([expect.any(Promise), expect.any(Promise)])
  expect(remembered.arrivalFor('HEAD', '/users/7')).toBe(get)
  expect(remembered.arrivalFor('DELETE', '/users/7')).toBeUndefined()
  expect(remembered.arrivalFor('GET', '/users')).toBeUndefined()
  remembered.bound(USERS)
  await get
  expect(remembered.arrivalFor('GET', '/users/7')).toBeUndefined()
  expect(remembered.arrivalFor('PUT', '/users/7')).toBe(put)
})

it('has them wait no longer than its time, and forgets nothing before that', async () => {
  const { remembered, clock, written } = await after([USERS])
  const before = written()
  const arrival = remembered.arrivalFor('GET', '/users/7')
  remembered.bound(SAVE)
  await clock.pass(AWAITED_MS - 1)
  expect(remembered.arrivalFor('GET', '/users/7')).toBe(arrival)
  expect(written()).toBe(before)
  await clock.pass(1)
  await arrival
  expect(remembered.arrivalFor('GET', '/users/7')).toBeUndefined()
  await clock.pass(COLLECT_MS)
  await expect.poll(written).toBe('{"routes":[]}')
})

it('keeps the file of a run that ends while routes are waited for, and lets nobody wait on', async () => {
  const { remembered, written } = await after([USERS])
  const before = written()
  const arrival = remembered.arrivalFor('GET', '/users/7')
  await remembered.close(false)
  await arrival
  expect(written()).toBe(before)
})

it('takes routes that the settings of today make one', async () => {
  const { remembered } = await after([USERS, { method: 'GET', pattern: '/users/:name/' }], true)
  expect(remembered.arrivalFor('GET', '/users/7/')).toBeInstanceOf(Promise)
})

it.each([
  ['no JSON', '{"routes":'],
  ['something else', '{"routes":{}}'],
  ['a route of another shape', '{"routes":[["GET"]]}'],
  ['a path without its slash', '{"routes":[["GET","users"]]}'],
  ['too much', `{"routes":[]}${' '.repeat(MAX_FILE_BYTES)}`],
])('says that it can not read %s, waits for nothing, and writes it anew', async (_what, content) => {
  const { file, remembered, lines, clock, now, written } = scene()
  mkdirSync(dirname(file))
  writeFileSync(file, content)
  await remembered.load(false)
  expect(lines).toMatchObject([
    { level: 'warn', message: expect.stringContaining('routes of the last run'), data: { file } },
  ])
  remembered.begin()
  expect(remembered.arrivalFor('GET', '/users/7')).toBeUndefined()
  now.push(USERS)
  remembered.changed()
  await clock.pass(COLLECT_MS)
  await expect.poll(written).toBe('{"routes":[["GET","/users/:id"]]}')
})

it('remembers so many routes and no more', async () => {
  const { remembered, now, written } = scene()
  await remembered.load(false)
  remembered.begin()
  for (let n = 0; n <= MAX_REMEMBERED_ROUTES; n++) now.push({ method: 'GET', pattern: `/${n}` })
  remembered.changed()
  await remembered.close(false)
  expect(JSON.parse(written()).routes).toHaveLength(MAX_REMEMBERED_ROUTES)
})

it('says once that it can not write', async () => {
  const folder = join(tempFolder(), 'taken')
  writeFileSync(folder, 'a file where the folder is to be')
  const { remembered, lines, now, clock } = scene({ file: join(folder, 'routes.json') })
  await remembered.load(false)
  lines.length = 0
  remembered.begin()
  for (const route of [USERS, SAVE]) {
    now.push(route)
    remembered.bound(route)
    await clock.pass(COLLECT_MS)
  }
  await remembered.close(false)
  expect(lines).toMatchObject([{ level: 'warn', message: expect.stringContaining('can not be remembered') }])
})
