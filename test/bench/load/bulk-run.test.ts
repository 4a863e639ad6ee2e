// Large transfers: through a whole engine, every byte looked at; and what a target does wrong is named.
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { pieceAt } from '../../../bench/load/bulk-bytes.ts'
import { runBulk } from '../../../bench/load/bulk-run.ts'
import type { BulkJob } from '../../../bench/load/load-job.ts'
import { TargetProcess } from '../../../bench/targets/target-process.ts'
import { tempFolder } from '../../support/temp-folder.ts'
import { startProtocolServer } from './protocol-server.ts'

const BYTES = 3_000_001
const JOB = { kind: 'bulk', bytes: BYTES, targetPid: undefined, warmupMs: 0, durationMs: 0 } as const

const jobOf = (way: BulkJob['way']) => ({ ...JOB, way, path: `/bench/${way}` }) as const

test('A transfer through an engine arrives whole, up and down', async () => {
  const target = await TargetProcess.start({
    file: 'engine-process',
    args: ['http'],
    cwd: tempFolder(),
    cpus: undefined,
  })
  onTestFinished(() => target.stop())
  const { url, httpUrl, pid } = target
  for (const way of ['upload', 'download'] as const) {
    const result = await runBulk({ ...jobOf(way), url, httpUrl, targetPid: pid })
    expect([way, result.verified, result.wrong]).toEqual([way, BYTES, {}])
    expect(result.elapsedMs).toBeGreaterThan(0)
  }
})

/** A server of HTTP beside one of the protocol, which takes the worker's registrations and calls nobody. */
async function answering(listener: RequestListener): Promise<{ url: string; httpUrl: string }> {
  const server = createServer((request, response) => {
    // Whether the route is served is asked by a method that it has not.
    if (request.method === 'DELETE') return response.writeHead(405).end()
    listener(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: await startProtocolServer(), httpUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

test('Bytes that are missing or in the wrong place are counted', async () => {
  const target = await answering((_, response) => {
    response.write(pieceAt(0, 40_000))
    response.end(pieceAt(7, 1_007))
  })
  const { verified, wrong } = await runBulk({ ...jobOf('download'), ...target })
  // As many as they come in.
  expect([verified, wrong]).toEqual([41_000, { wrong_piece: expect.any(Number), missing_bytes: BYTES - 41_000 }])
})

test('What the worker got of an upload is what counts', async () => {
  const target = await answering((request, response) => {
    request.resume().on('end', () => response.end(JSON.stringify({ bytes: BYTES - 5, wrong: 2 })))
  })
  const { verified, wrong } = await runBulk({ ...jobOf('upload'), ...target })
  expect([verified, wrong]).toEqual([BYTES - 5, { wrong_piece: 2, missing_bytes: 5 }])
})

test('A transfer that is refused fails with the answer', async () => {
  const target = await answering((_, response) => response.writeHead(503).end('too much'))
  await expect(runBulk({ ...jobOf('download'), ...target })).rejects.toThrow('was answered with 503: too much')
})
