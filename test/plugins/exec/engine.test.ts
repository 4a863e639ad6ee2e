// `iii-exec` in a whole engine: when its commands are started, what they are given, and that none is left behind.
import { describe, expect, test } from 'vitest'
import { LISTENER } from '../../core/engine/running-engine.ts'
import { isAlive } from '../../support/process-alive.ts'
import { exec, ExecFolder } from './exec-folder.ts'

/** Connects to the engine that its environment names, without a second try. */
const CONNECTS = `const socket = new WebSocket(process.env.III_URL)
socket.onopen = () => console.log('connected to ' + process.env.III_URL)
socket.onerror = () => console.log('not connected')`

describe('a command', () => {
  test('is started when workers can connect, and finds the engine by III_URL', async () => {
    const folder = new ExecFolder()
    folder.configure(LISTENER, exec({ exec: ['node worker.mjs'] }))
    folder.write('worker.mjs', CONNECTS)
    await folder.start()
    expect(await folder.output('connected')).toMatchObject({ msg: `connected to ${folder.url()}`, plugin: 'iii-exec' })
  })

  test('is found by its class of old files', async () => {
    const folder = new ExecFolder()
    folder.write(
      'iii-config.yaml',
      `modules:
  - class: modules::worker::WorkerModule
    config: { port: 0 }
  - class: modules::shell::ExecModule
    config:
      exec:
        - echo here is $III_ENGINE_URL
`,
    )
    await folder.start()
    expect(await folder.output('here is')).toMatchObject({ msg: `here is ${folder.url()}`, plugin: 'iii-exec' })
  })

  test('ends with the engine', async () => {
    const folder = new ExecFolder()
    folder.configure(LISTENER, exec({ exec: ['echo pid $$; exec sleep 1000'] }))
    await folder.start()
    const pid = Number((await folder.output('pid ')).msg.slice(4))
    expect(isAlive(pid)).toBe(true)
    await folder.engine.close()
    expect(isAlive(pid)).toBe(false)
  })
})
