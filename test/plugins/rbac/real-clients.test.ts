// The unmodified SDKs on a public listener of a whole engine.
import { describe, expect, it } from 'vitest'
import { EngineFolder, LISTENER } from '../../core/engine/running-engine.ts'
import { connectSdk, failureOf, V11, V22 } from '../../clients/versions.ts'

describe.each([V22, V11])('iii-sdk $name', (version) => {
  it('calls what a listener exposes, and nothing else', async () => {
    const folder = new EngineFolder()
    folder.configure(
      LISTENER,
      `{ name: iii-worker-manager, config: { port: 0, rbac: { expose_functions: ['match("todos::*")'] } } }`,
    )
    await folder.start({ watch: false })
    const inside = connectSdk(version, folder.url())
    inside.registerFunction('todos::list', async () => ['milk'])
    inside.registerFunction('secrets::read', async () => 'leaked')
    const outside = connectSdk(version, folder.url(1))
    await expect
      .poll(() => outside.trigger({ function_id: 'todos::list', payload: {} }).catch(() => null))
      .toEqual(['milk'])
    expect(await failureOf(outside.trigger({ function_id: 'secrets::read', payload: {} }))).toMatchObject({
      code: 'FORBIDDEN',
      message: expect.stringContaining("function 'secrets::read' not allowed (add to rbac.expose_functions)"),
    })
  })
})
