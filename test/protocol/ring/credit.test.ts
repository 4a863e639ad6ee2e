// The credit window: what is under way stays bounded, and never comes to a standstill while the reader takes what it gets.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { CreditReturn, CreditWindow, itemCost } from '../../../protocol/ring/credit.ts'

it('bounds what is under way by the window and one item, and always goes on', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(3000), { minLength: 1, maxLength: 300 }),
      fc.infiniteStream(fc.boolean()),
      (lengths, readNow) => {
        const windowBytes = 4096
        const window = new CreditWindow(windowBytes)
        const returned = new CreditReturn(windowBytes)
        const underWay: number[] = []
        let next = 0
        while (next < lengths.length) {
          if (window.open && !readNow.next().value) {
            window.spend(lengths[next]!)
            underWay.push(lengths[next++]!)
            const bytes = underWay.reduce((sum, length) => sum + itemCost(length), 0)
            expect(bytes).toBeLessThanOrEqual(windowBytes + itemCost(3000))
          } else if (underWay.length > 0) {
            window.grant(returned.take(underWay.shift()!))
          } else {
            expect(window.open).toBe(true)
          }
        }
      },
    ),
  )
})

it('bounds items without any bytes too', () => {
  const window = new CreditWindow(1024)
  let sent = 0
  while (window.open) {
    window.spend(0)
    sent++
  }
  expect(sent).toBe(16)
})
