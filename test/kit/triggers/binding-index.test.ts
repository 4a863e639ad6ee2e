// Bindings are found by what they name, and fire as if each had been asked about every event: held against just that.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  readConfigObject,
  readOptionalText,
  TriggerBindings,
  type BindingFilter,
} from '../../../kit/triggers/trigger-bindings.ts'
import { collectingLog } from '../../support/collecting-log.ts'

interface Filter extends BindingFilter {
  readonly scope: string | undefined
}

function bindingsWith(subject: boolean, asked: { count: number }) {
  const calls: string[] = []
  const bindings = new TriggerBindings<Filter, { scope: string }>({
    iii: { trigger: async ({ function_id }) => void calls.push(function_id) },
    log: collectingLog(),
    readConfig: (config) => ({ scope: readOptionalText(readConfigObject(config), 'scope') }),
    matches: ({ scope }, event) => {
      asked.count++
      return scope === undefined || scope === event.scope
    },
    payload: (event) => event,
    ...(subject && { subject: { of: ({ scope }: Filter) => scope, ofEvent: ({ scope }: { scope: string }) => scope } }),
  })
  return { bindings, calls }
}

const scope = fc.constantFrom('a', 'b', 'c', '')
const id = fc.integer({ min: 0, max: 5 }).map(String)
const step = fc.oneof(
  fc.record({ bind: id, scope: fc.option(scope, { nil: undefined }) }),
  fc.record({ unbind: id }),
  fc.record({ fire: scope }),
)

test('property: the same functions are called in the same order, whatever is bound, bound again and unbound', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const [plain, indexed] = [bindingsWith(false, { count: 0 }), bindingsWith(true, { count: 0 })]
      for (const { bindings } of [plain, indexed]) {
        for (const one of steps) {
          if ('bind' in one)
            bindings.registerTrigger({ id: one.bind, function_id: `f${one.bind}`, config: { scope: one.scope } })
          else if ('unbind' in one) bindings.unregisterTrigger({ id: one.unbind })
          else bindings.fire({ scope: one.fire })
        }
      }
      expect(indexed.calls).toEqual(plain.calls)
    }),
  )
})

test('bindings of other subjects are not asked', () => {
  const asked = { count: 0 }
  const { bindings, calls } = bindingsWith(true, asked)
  for (let n = 0; n < 1_000; n++)
    bindings.registerTrigger({ id: `${n}`, function_id: `f${n}`, config: { scope: `${n}` } })
  bindings.registerTrigger({ id: 'any', function_id: 'any', config: {} })
  bindings.fire({ scope: '7' })
  expect(calls).toEqual(['f7', 'any'])
  expect(asked.count).toBe(2)
})
