import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BLOCK_BYTES, BulkCheck, pieceAt } from '../../../bench/load/bulk-bytes.ts'

const TOTAL = 200_000

function transfer(total: number): Buffer {
  const pieces: Buffer[] = []
  for (let sent = 0; sent < total; sent += pieces.at(-1)!.length) pieces.push(pieceAt(sent, total))
  return Buffer.concat(pieces)
}

test('The pieces of a transfer have its length, and no piece is longer than a block', () => {
  expect(transfer(TOTAL)).toHaveLength(TOTAL)
  expect(pieceAt(BLOCK_BYTES - 1, TOTAL)).toHaveLength(1)
})

test('A transfer is right wherever it is cut', () => {
  const bytes = transfer(TOTAL)
  fc.assert(
    fc.property(fc.array(fc.nat(TOTAL), { maxLength: 10 }), (cuts) => {
      const check = new BulkCheck()
      let at = 0
      for (const cut of [...cuts.toSorted((a, b) => a - b), TOTAL]) {
        check.take(bytes.subarray(at, cut))
        at = cut
      }
      expect(check).toMatchObject({ bytes: TOTAL, wrong: 0 })
    }),
    { numRuns: 50 },
  )
})

test.each([
  ['lost', (bytes: Buffer) => Buffer.concat([bytes.subarray(0, 70_000), bytes.subarray(71_000)])],
  ['repeated', (bytes: Buffer) => Buffer.concat([bytes.subarray(0, 70_000), bytes.subarray(69_000)])],
  ['changed', (bytes: Buffer) => bytes.fill(bytes[70_000]! ^ 1, 70_000, 70_001)],
])('Bytes that are %s are found', (_, damage) => {
  const check = new BulkCheck()
  check.take(damage(Buffer.from(transfer(TOTAL))))
  expect(check.wrong).toBeGreaterThan(0)
})
