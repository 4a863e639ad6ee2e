// iii-host/testing: processes that a plugin starts are real ones, and end with it.
import { expect, onTestFinished, test } from 'vitest'
import { definePlugin, type PluginProcess } from '../../sdk/plugin.ts'
import { startTestEngine } from '../../testing/index.ts'

test('a process of a plugin runs as long as the plugin', async () => {
  const engine = await startTestEngine()
  onTestFinished(() => engine.close())
  let started: PluginProcess | undefined
  const host = definePlugin({
    name: 'starter',
    async start({ processes }) {
      const args = ['-e', 'setInterval(() => {}, 1000)']
      started = await processes.start({ command: process.execPath, args })
    },
  })
  const plugin = await engine.run(host)
  expect(() => process.kill(started!.pid, 0)).not.toThrow()
  await plugin.stop()
  expect(() => process.kill(started!.pid, 0)).toThrow('ESRCH')
})
