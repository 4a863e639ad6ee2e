// The text that ends the start of an engine.
import { expect, test } from 'vitest'
import { builtInFailure } from '../../core/built-in-failure.ts'
import type { EngineConfig } from '../../core/config/types.ts'

test.each([
  ['iii-config.yaml:4', "built-in worker 'iii-state' (iii-config.yaml:4) can't start: no disk"],
  ['(default)', "built-in worker 'iii-state' (default) can't start: no disk"],
])('a built-in worker whose entry is at %s', (origin, message) => {
  const config = { entries: [{ instanceId: 'iii-state', origin }] } as unknown as EngineConfig
  const failed = [{ name: 'iii-state', builtIn: true, code: 'PLUGIN_START_FAILED', message: 'no disk' }] as const
  expect(builtInFailure(failed, config)?.message).toBe(message)
})
