// Calls between clients written with `ws` and JSON: what is counted was checked, everything else is named.
import { expect, test } from 'vitest'
import type { WsCallJob } from '../../../bench/load/load-job.ts'
import { runWsCalls } from '../../../bench/load/ws-call-run.ts'
import { startProtocolServer, type Message } from './protocol-server.ts'

const JOB: Omit<WsCallJob, 'url'> = {
  kind: 'ws-call',
  workload: 'echo',
  functionId: 'bench::echo',
  providesFunction: true,
  payloadBytes: 150,
  inFlight: 8,
  targetPid: undefined,
  warmupMs: 50,
  durationMs: 200,
}

/** Of calls of the function: the announce is answered with an error by this server, which is as good. */
function ofCalls(answer: (message: Message) => Message): (message: Message) => readonly Message[] {
  return (message) => [message['function_id'] === JOB.functionId ? answer(message) : message]
}

test('Answers are counted, and none is left when the run ends', async () => {
  const result = await runWsCalls({ ...JOB, url: await startProtocolServer() })
  expect(result.verified).toBeGreaterThan(50)
  expect(result).toMatchObject({ wrong: {}, unanswered: 0 })
  expect(result.latencyMicros.p50).toBeGreaterThan(0)
})

test('A value of another call, a changed one and an error are wrong', async () => {
  let answers = 0
  const url = await startProtocolServer(
    ofCalls((message) => {
      const result = message['result'] as Message
      answers++
      if (answers === 1) return { ...message, result: { ...result, n: Number(result['n']) + 1 } }
      if (answers === 2) return { ...message, result: { ...result, pad: 'y' } }
      if (answers === 3) return { ...message, result: undefined, error: { code: 'overloaded', message: '' } }
      return message
    }),
  )
  const { verified, wrong } = await runWsCalls({ ...JOB, url })
  expect(wrong).toEqual({ wrong_value: 2, overloaded: 1 })
  expect(verified).toBeGreaterThan(0)
})

test('A connection that is cut ends the run', async () => {
  const url = await startProtocolServer(() => 'cut')
  await expect(runWsCalls({ ...JOB, url })).rejects.toThrow('closed the connection')
})
