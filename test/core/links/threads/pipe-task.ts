// Runs in a process of the pool until the test ends it.
import { PluginHandle } from '../../../../sdk/plugin-handle.ts'
import { openPipeEnd } from '../../../../sdk/transports/pipe-end.ts'
import { registerTestFunctions } from './plugin-side.ts'

export default function run(): Promise<never> {
  const end = openPipeEnd((member, message) => end.sendHost(member, { heard: message }))
  registerTestFunctions(new PluginHandle(end.member(0, 'ws://test')))
  return new Promise(() => {})
}
