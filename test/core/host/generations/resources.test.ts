// What is held on behalf of a replica or a generation, and goes when that ends.
import { expect, test } from 'vitest'
import { Resources } from '../../../../core/host/generations/resources.ts'
import { createLog } from '../../../../core/log.ts'

function resources() {
  const lines: string[] = []
  const log = createLog({ level: 'debug', pretty: false, write: (line) => lines.push(line) })
  return { resources: new Resources(log), lines }
}

test('all is released once, one that fails keeps no other from it and is logged by its name', async () => {
  const { resources: held, lines } = resources()
  const released: string[] = []
  held.add('process 1', () => void released.push('1'))
  held.add('process 2', async () => Promise.reject(new Error('no such process')))
  held.add('process 3', async () => void released.push('3'))
  await Promise.all([held.release(), held.release()])
  expect(released).toEqual(['1', '3'])
  expect(lines.join('')).toMatch(/no such process.*process 2 could not be released/)
})

test('what was forgotten is not released, and what comes after the end is released at once', async () => {
  const { resources: held } = resources()
  const released: string[] = []
  held.add('process 1', () => void released.push('1'))()
  await held.release()
  held.add('process 2', () => void released.push('2'))
  expect(released).toEqual(['2'])
})
