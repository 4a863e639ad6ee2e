// The lock of a project: one holder, whichever process it is in; one that is gone holds nothing.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { ProjectLock } from '../../../plugins/worker-ops/project-lock.ts'
import { lacks, mountSmallDisk, unmountDisk } from '../../support/needs.ts'
import { tempFolder } from '../../support/temp-folder.ts'

const FILE = '.iii-worker.lock'

test('is held while something runs, says by whom, and is gone afterwards', async () => {
  const root = tempFolder()
  const lock = new ProjectLock(root)
  await lock.hold(async () => {
    expect(readFileSync(join(root, FILE), 'utf8')).toBe(`pid=${process.pid}\n`)
    await expect(lock.hold(async () => {})).rejects.toMatchObject({
      code: 'W120',
      details: { holder_pid: process.pid, holder_is_self: true },
    })
  })
  expect(existsSync(join(root, FILE))).toBe(false)
  await expect(lock.hold(() => Promise.reject(new Error('failed')))).rejects.toThrow('failed')
  expect(await lock.hold(async () => 1)).toBe(1)
})

test('of another process that lives is respected, and of one that is gone is taken', async () => {
  const root = tempFolder()
  const file = join(root, FILE)
  writeFileSync(file, `pid=${process.ppid}\n`)
  const lock = new ProjectLock(root)
  await expect(lock.hold(async () => {})).rejects.toMatchObject({
    code: 'W120',
    details: { holder_pid: process.ppid, holder_is_self: false },
  })
  const gone = spawnSync(process.execPath, ['-e', '']).pid
  for (const text of [`pid=${gone}\n`, '', 'odd', `pid=${process.pid}\n`]) {
    writeFileSync(file, text)
    expect(await lock.hold(async () => 'held')).toBe('held')
  }
  expect(existsSync(file)).toBe(false)
})

test('that can not be written is W121', async () => {
  const root = tempFolder()
  const below = join(root, 'folder')
  mkdirSync(below)
  const lock = new ProjectLock(below)
  rmSync(below, { recursive: true })
  await expect(lock.hold(async () => {})).rejects.toMatchObject({ code: 'W121', details: { path: join(below, FILE) } })
})

test.skipIf(lacks('small disk'))(
  'of a full disk is W121 and leaves nothing there; what needs no file is done (needs small disk)',
  async () => {
    const disk = tempFolder()
    mountSmallDisk(disk, '16k')
    onTestFinished(() => unmountDisk(disk))
    expect(() => writeFileSync(join(disk, 'full'), Buffer.alloc(32 * 1024))).toThrow('ENOSPC')
    const lock = new ProjectLock(disk)
    await expect(lock.hold(async () => {})).rejects.toMatchObject({
      code: 'W121',
      text: expect.stringContaining('Make room, or the folder writable.'),
    })
    const held = lock.hold(
      async () => {
        await expect(lock.hold(async () => {})).rejects.toMatchObject({ code: 'W120' })
        return 'held'
      },
      { needsNoFile: true },
    )
    expect(await held).toBe('held')
    expect(readdirSync(disk)).toEqual(['full'])
  },
)
