import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { FollowingFile } from '../../../base/files/following-file.ts'
import { ManualClock } from '../../../testing/manual-clock.ts'
import { tempFolder } from '../../support/temp-folder.ts'

function follow(file: string, maxBytes = 100) {
  const clock = new ManualClock()
  const now = { content: 'a' }
  const failures: string[] = []
  const following = new FollowingFile({
    file,
    maxBytes,
    content: () => now.content,
    empty: '',
    clock,
    onFailure: ({ message }) => failures.push(message),
  })
  return { following, clock, now, failures }
}

const textOf = (file: string): string | undefined => (existsSync(file) ? readFileSync(file, 'utf8') : undefined)

it('is written a moment after a change, in a folder that need not be there, and not before it begins', async () => {
  const file = join(tempFolder(), 'folder', 'file')
  const { following, clock, now } = follow(file)
  following.changed()
  clock.move(1_000)
  following.begin()
  now.content = 'b'
  expect(textOf(file)).toBeUndefined()
  clock.move(1_000)
  await expect.poll(() => textOf(file)).toBe('b')
  await following.close()
})

it('has no file while it is empty', async () => {
  const file = join(tempFolder(), 'file')
  const { following, now } = follow(file)
  now.content = ''
  following.begin()
  await following.close()
  expect(existsSync(file)).toBe(false)
})

it('holds at its close what there is, unless somebody else writes it', async () => {
  for (const [isLast, text] of [
    [true, 'last'],
    [false, undefined],
  ] as const) {
    const file = join(tempFolder(), 'file')
    const { following, now } = follow(file)
    following.begin()
    now.content = 'last'
    await following.close(isLast)
    expect(textOf(file)).toBe(text)
  }
})

it('reads what the last run left, but for a file that is too large', async () => {
  const file = join(tempFolder(), 'file')
  expect(await follow(file).following.read()).toBeUndefined()
  writeFileSync(file, 'x'.repeat(100))
  expect(await follow(file).following.read()).toBe('x'.repeat(100))
  await expect(follow(file, 99).following.read()).rejects.toThrow('it has 100 bytes; at most 99 are read')
})

it('tells that it can not be written', async () => {
  const file = join(tempFolder(), 'file')
  mkdirSync(file)
  const { following, failures } = follow(file)
  following.begin()
  await following.close()
  expect(failures).toHaveLength(1)
})
