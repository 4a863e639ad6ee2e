// A thread with two members, each with a handle of its own.
import { workerData } from 'node:worker_threads'
import { PluginHandle } from '../../../../sdk/plugin-handle.ts'
import { openRingEnd } from '../../../../sdk/transports/ring-end.ts'
import type { RingEndInit } from '../../../../protocol/ring/ring-duplex.ts'
import { registerTestFunctions } from './plugin-side.ts'

const end = openRingEnd(workerData as RingEndInit, (member, message) => end.sendHost(member, { heard: message }))
registerTestFunctions(new PluginHandle(end.member(0, 'ws://test')))
new PluginHandle(end.member(1, 'ws://test')).registerFunction('who', () => 'member 1')
