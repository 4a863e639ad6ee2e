// Who waits for a copy of a store, and what each of them is told.
import { expect, test } from 'vitest'
import { Backups, type CopyProgress } from '../../../kit/backup/backups.ts'

function scene() {
  const copies: { file: string; report: (progress: CopyProgress) => void; end: PromiseWithResolvers<number> }[] = []
  let now = 0
  const backups = new Backups(
    (file, report) => {
      const end = Promise.withResolvers<number>()
      copies.push({ file, report, end })
      return end.promise
    },
    () => now,
  )
  return { backups, copies, pass: (ms: number) => void (now += ms) }
}

test('who does not want to wait is told how far it is, and asks again', async () => {
  const { backups, copies, pass } = scene()
  expect(await backups.make('/a', 0)).toEqual({ file: '/a', state: 'running', progress: 0, bytes: 0, ms: 0 })
  copies[0]!.report({ copiedPages: 30, pages: 120 })
  pass(50)
  expect(await backups.make('/a', 0)).toEqual({ file: '/a', state: 'running', progress: 0.25, bytes: 0, ms: 50 })
  pass(10)
  copies[0]!.end.resolve(4_096)
  await copies[0]!.end.promise
  expect(await backups.make('/a', 1_000)).toEqual({ file: '/a', state: 'done', progress: 1, bytes: 4_096, ms: 60 })
  expect(copies).toHaveLength(1)
})

test('several that ask for the same file wait for one copy; another file waits for its end', async () => {
  const { backups, copies } = scene()
  const both = [backups.make('/a'), backups.make('/a')]
  await expect(backups.make('/b')).rejects.toMatchObject({
    code: 'overloaded',
    message: 'A backup into /a is being made. Wait for its end, then ask again.',
  })
  copies[0]!.end.resolve(1)
  for (const made of both) expect(await made).toMatchObject({ state: 'done' })
  void backups.make('/b', 0)
  expect(copies.map(({ file }) => file)).toEqual(['/a', '/b'])
})

test('a failure goes to all that wait, and the next one begins anew', async () => {
  const { backups, copies } = scene()
  const made = backups.make('/a')
  copies[0]!.end.reject(new Error('no room'))
  await expect(made).rejects.toThrow('no room')
  void backups.make('/a', 0)
  expect(copies).toHaveLength(2)
})

test('an end that nobody waited for is told once, and forgotten after a minute', async () => {
  const { backups, copies, pass } = scene()
  await backups.make('/a', 0)
  copies[0]!.end.reject(new Error('no room'))
  await expect(backups.make('/a', 1_000)).rejects.toThrow('no room')
  await backups.make('/a', 0)
  copies[1]!.end.resolve(1)
  await copies[1]!.end.promise
  await new Promise(setImmediate)
  pass(60_000)
  expect(await backups.make('/a', 0)).toMatchObject({ state: 'running' })
  expect(copies).toHaveLength(3)
})
