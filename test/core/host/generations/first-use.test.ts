// What is done about a built-in that rested, when it is used. With a real engine: test/core/engine/resting.test.ts.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { FirstUse } from '../../../../core/host/generations/first-use.ts'
import type { Generation } from '../../../../core/host/generations/generation.ts'
import { PluginInstance } from '../../../../core/host/table/plugin-instance.ts'
import type { PluginSlot } from '../../../../core/model/plugin-slot.ts'
import { collectingLog } from '../../../support/collecting-log.ts'
import { tempFolder } from '../../../support/temp-folder.ts'

function scene(root = tempFolder(), isHeld = false) {
  const reopen = vi.fn()
  const beginHandOver = vi.fn(() => ({ reopen }) as never)
  const leave = vi.fn(async () => {})
  const log = collectingLog()
  const dataDirOf = (name: string): string => join(root, name)
  const uses = new FirstUse({ router: { beginHandOver }, log, dataDirOf, isHeld: () => isHeld, leave })
  const instance = new PluginInstance('p', 'p', 3)
  instance.slot = { wake: () => {} } as unknown as PluginSlot
  return { uses, instance, leave, reopen, log, mark: join(root, 'p', 'used') }
}

test('who leaves is moved, and that it was used is kept in its folder', async () => {
  const { uses, instance, leave, reopen, mark } = scene()
  expect(uses.wasUsed('p')).toBe(false)
  leave.mockImplementation(async () => void (instance.slot!.wake = undefined))
  await uses.used(instance, 'leaves')
  expect(leave).toHaveBeenCalledExactlyOnceWith(instance)
  expect(reopen).not.toHaveBeenCalled()
  await expect.poll(() => existsSync(mark)).toBe(true)
  expect(uses.wasUsed('p')).toBe(true)
  expect(readFileSync(mark, 'utf8')).toMatch(/has been used/)
})

test('who could not be moved serves where it is', async () => {
  const { uses, instance, reopen } = scene()
  await uses.used(instance, 'leaves')
  expect(reopen).toHaveBeenCalledOnce()
})

test('who can not leave yet, because of something else that goes on, serves where it is until then', async () => {
  const { uses, instance, leave, reopen } = scene(tempFolder(), true)
  reopen.mockImplementation(() => void (instance.slot!.wake = undefined))
  leave.mockImplementation(async () => expect(reopen).toHaveBeenCalledOnce())
  await uses.used(instance, 'leaves')
  expect(leave).toHaveBeenCalledExactlyOnceWith(instance)
  expect(reopen).toHaveBeenCalledOnce()
})

test('who stays is not moved, and serves where it is', async () => {
  const { uses, instance, leave, reopen, mark } = scene()
  await uses.used(instance, 'stays')
  expect(leave).not.toHaveBeenCalled()
  expect(reopen).toHaveBeenCalledOnce()
  await expect.poll(() => existsSync(mark)).toBe(true)
})

test('who stays is not moved by a call either, for somebody is connected', async () => {
  const { uses, instance, leave, reopen } = scene()
  const generation = { stays: true } as Generation
  instance.phase = { name: 'running', generation }
  await uses.used(instance, 'leaves')
  expect(leave).not.toHaveBeenCalled()
  expect(reopen).toHaveBeenCalledOnce()
})

test('one that was stopped meanwhile is left alone', async () => {
  const { uses, instance, leave, reopen } = scene()
  leave.mockImplementation(async () => void (instance.slot = undefined))
  await uses.used(instance, 'leaves')
  expect(reopen).not.toHaveBeenCalled()
})

test('where the folder can not be written it goes on, and begins to rest again the next time', async () => {
  const file = join(tempFolder(), 'file')
  writeFileSync(file, '')
  const { uses, instance, leave, log } = scene(file)
  await uses.used(instance, 'leaves')
  expect(leave).toHaveBeenCalledOnce()
  await expect.poll(() => log.lines.map(({ message }) => message)).toContain("that 'p' is used could not be written")
  expect(uses.wasUsed('p')).toBe(false)
})
