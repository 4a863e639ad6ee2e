// That the young generation is collected once per so many bytes.
import { expect, test } from 'vitest'
import { tookMemory } from '../../../base/process/collect-young.ts'

const MB = 1024 * 1024

test('collects once per 8 MB, and counts anew after it', () => {
  let count = 0
  const take = (bytes: number): number => {
    tookMemory(bytes, () => count++)
    return count
  }
  const sizes = [7 * MB, 1 * MB, 7 * MB, 2 * MB, 7 * MB, 20 * MB, 8 * MB - 1, 1]
  expect(sizes.map(take)).toEqual([0, 1, 1, 2, 2, 3, 3, 4])
})

test('collects by itself without harm', () => {
  for (let turn = 0; turn < 3; turn++) expect(() => tookMemory(8 * MB)).not.toThrow()
})
