// Installations that end in the middle: a disk that is full, a process that is gone.
import { randomBytes } from 'node:crypto'
import { mkdirSync, renameSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { lacks, mountSmallDisk, unmountDisk } from '../../../support/needs.ts'
import { failure, installerOf, installingScene } from './installing-scene.ts'

describe('a disk that is full', () => {
  // Does not shrink.
  const noise = randomBytes

  it.skipIf(lacks('small disk'))('is said, and nothing is installed (needs small disk)', async () => {
    const { project, registry, installer, stored } = installingScene()
    registry.publish({ name: 'big', files: [1, 2, 3, 4, 5].map((n) => ({ name: `${n}`, content: noise(60_000) })) })
    registry.publish({
      name: 'bigger',
      files: Array.from({ length: 30 }, (_, n) => ({ name: `${n}`, content: noise(60_000) })),
    })
    registry.publish({ name: 'small' })
    mkdirSync(project.workersDir, { recursive: true })
    mountSmallDisk(project.workersDir, '512k')
    onTestFinished(() => unmountDisk(project.workersDir))
    // The archive has room, what is in it has not; and not even the archive.
    for (const name of ['big', 'bigger']) {
      const { workers } = await installer.plan(name)
      const { code, text, details } = await failure(installer.fetch(workers[0]!))
      expect([code, details['reason']]).toEqual(['W142', 'ENOSPC'])
      expect(text).toContain('Make room or the folder writable, and try again; nothing of it was installed.')
      expect(text).toContain(path.join(project.workersDir, name))
    }
    expect(stored()).toEqual(['big', 'bigger'])
    const { workers } = await installer.plan('small')
    expect(await installer.fetch(workers[0]!)).toMatchObject({ name: 'small' })
  })

  it.skipIf(lacks('small disk'))(
    'in the middle of a replacement leaves what was there (needs small disk)',
    async () => {
      const { project, registry, installer, install } = installingScene()
      registry.publish({ name: 'w', files: [{ name: 'old', content: 'x' }] })
      mkdirSync(project.workersDir, { recursive: true })
      mountSmallDisk(project.workersDir, '512k')
      onTestFinished(() => unmountDisk(project.workersDir))
      await install('w')
      const before = await installer.installed('w')
      registry.publish({ name: 'w', files: [{ name: 'new', content: noise(900_000) }] })
      const { workers } = await installer.plan('w')
      expect((await failure(installer.fetch(workers[0]!))).code).toBe('W142')
      expect(await installer.installed('w')).toEqual(before)
    },
  )

  it('or a place that can not be written to is said', async () => {
    const { project, registry, installer } = installingScene()
    registry.publish({ name: 'w' })
    const { workers } = await installer.plan('w')
    writeFileSync(path.join(project.root, '.iii', 'workers'), 'no folder')
    const error = await installer.fetch(workers[0]!).catch((thrown: unknown) => thrown)
    expect(String(error)).toContain('workers')
  })
})

describe('what a process that is gone has left', () => {
  /** Of a process that there is not: the numbers of processes are smaller. */
  const GONE = 4_194_305

  it('is removed with the next fetch, and by tidying', async () => {
    const { project, registry, installer, install, stored } = installingScene()
    registry.publish({ name: 'w' })
    await install('w')
    const before = stored()
    const leave = (): void => {
      for (const name of [`w/.staging-${GONE}-abcdef`, `w/.cleared-${GONE}-abcdef`, `.cleared-${GONE}-abcdef`]) {
        mkdirSync(path.join(project.workersDir, name, 'package'), { recursive: true })
        writeFileSync(path.join(project.workersDir, name, 'archive'), 'half')
      }
    }
    leave()
    await installerOf(project).tidy()
    expect(stored()).toEqual(before)
    leave()
    await installer.fetch((await installer.plan('w')).workers[0]!)
    await installer.settle((await installer.plan('w')).workers)
    expect(stored()).toEqual(before)
  })

  it('comes back where it had been moved aside and nothing had taken its place', async () => {
    const { project, registry, installer, install, stored } = installingScene()
    registry.publish({ name: 'w', version: '1.0.0-rc.1' })
    await install('w')
    const before = stored()
    const folder = path.join(project.workersDir, 'w')
    renameSync(path.join(folder, '1.0.0-rc.1'), path.join(folder, `.replaced-${GONE}-abcdef-1.0.0-rc.1`))
    expect(await installer.installed('w')).toBeUndefined()
    await installer.tidy()
    expect(stored()).toEqual(before)
    mkdirSync(path.join(folder, `.replaced-${GONE}-abcdef-1.0.0-rc.1`))
    await installer.tidy()
    expect(stored()).toEqual(before)
  })

  it('is left alone while its process lives, and of this very process while it is young', async () => {
    const { project, installer, stored } = installingScene()
    for (const pid of [process.ppid, process.pid])
      mkdirSync(path.join(project.workersDir, 'w', `.staging-${pid}-abcdef`), { recursive: true })
    await installer.tidy()
    expect(stored()).toEqual([process.ppid, process.pid].map((pid) => `w/.staging-${pid}-abcdef`).sort())
  })

  it('that is a version which nobody pins goes when it is old', async () => {
    const { project, registry, installer, install } = installingScene()
    registry.publish({ name: 'w' })
    await install('w')
    const other = path.join(project.workersDir, 'w', '0.9.0')
    mkdirSync(other)
    utimesSync(other, 1, 1)
    await installer.tidy()
    // It was made just now, whatever its time says.
    expect(await installer.stored()).toEqual(['w'])
    expect(await installer.installed('w')).toBeDefined()
  })
})
