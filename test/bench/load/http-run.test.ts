// HTTP load: what is counted was answered by the worker of the run with the right value; everything else is named.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { CallHistory } from '../../../bench/load/call-run.ts'
import { runHttp } from '../../../bench/load/http-run.ts'
import type { HttpJob } from '../../../bench/load/load-job.ts'
import { N_MIN, payloadJson } from '../../../bench/load/payload.ts'
import { TargetProcess } from '../../../bench/targets/target-process.ts'

const GET: Omit<HttpJob, 'url'> = {
  kind: 'http',
  method: 'GET',
  path: '/bench/items',
  functionId: 'bench::http-get',
  providesFunction: false,
  payloadBytes: 150,
  inFlight: 8,
  targetPid: undefined,
  warmupMs: 50,
  durationMs: 200,
}
const POST: Omit<HttpJob, 'url'> = { ...GET, method: 'POST', payloadBytes: 1024, functionId: 'bench::http-post' }

async function startTarget(file: 'node-http' | 'fastify-bridge'): Promise<TargetProcess> {
  const target = await TargetProcess.start({ file, args: [], cpus: undefined })
  onTestFinished(() => target.stop())
  return target
}

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Answers each request with these bytes, in pieces; gets the number of the request. */
async function answering(answer: (n: string) => string, pieceBytes = 100_000): Promise<string> {
  const sockets = new Set<Socket>()
  onTestFinished(() => sockets.forEach((socket) => socket.destroy()))
  let probed = false
  const server = createTcpServer((socket) => {
    sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('error', () => socket.destroy())
    socket.on('data', async (data) => {
      const n = /GET \S*\/(\d{9})/.exec(data.toString())?.[1] ?? ''
      // The question whether the route is served comes first, and is answered as it should be.
      const text = probed ? answer(n) : right(n)
      probed = true
      for (let at = 0; at < text.length; at += pieceBytes) {
        await new Promise((resolve) => socket.write(text.slice(at, at + pieceBytes), resolve))
      }
    })
  })
  return listen(server)
}

function right(n: string, head = 'HTTP/1.1 200 OK\r\ncontent-type: application/json'): string {
  const body = payloadJson(150).replace(`${N_MIN}`, n)
  return `${head}\r\ncontent-length: ${body.length}\r\n\r\n${body}`
}

test.each([
  ['GET', GET],
  ['POST', POST],
])('Every %s that is counted was answered with the right body', async (_, job) => {
  const { url, pid } = await startTarget('node-http')
  const result = await runHttp({ ...job, url, targetPid: pid }, new CallHistory())
  expect(result.verified).toBeGreaterThan(0)
  expect(result).toMatchObject({ wrong: {}, unanswered: 0 })
  const { p50, p99, p999, max } = result.latencyMicros
  expect([p50, p99, p999, max]).toEqual([p50, p99, p999, max].toSorted((a, b) => a - b))
  expect(p50).toBeGreaterThan(0)
})

test.each([
  ['GET', GET],
  ['POST', POST],
])('A %s through fastify is answered by the worker of the run', async (_, job) => {
  const { url, httpUrl, pid } = await startTarget('fastify-bridge')
  const history = new CallHistory()
  for (let run = 0; run < 2; run++) {
    const result = await runHttp({ ...job, url, httpUrl, targetPid: pid, providesFunction: true }, history)
    expect(result.verified).toBeGreaterThan(0)
    expect(result).toMatchObject({ wrong: {}, unanswered: 0 })
  }
})

test('An answer that comes in pieces is one answer', async () => {
  const url = await answering((n) => right(n), 90)
  const result = await runHttp({ ...GET, url }, new CallHistory())
  expect(result.verified).toBeGreaterThan(5)
  expect(result).toMatchObject({ wrong: {}, unanswered: 0 })
})

test('Dates may differ from answer to answer, and are not looked at', async () => {
  let second = 0
  const date = () => `Sun, 29 Nov 2026 10:00:${String(second++ % 60).padStart(2, '0')} GMT`
  const url = await answering((n) => right(n, `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ndate: ${date()}`))
  const result = await runHttp({ ...GET, url }, new CallHistory())
  expect(result).toMatchObject({ wrong: {}, unanswered: 0 })
  expect(result.parsedShare).toBeLessThan(0.5)
})

test.each<[string, (n: string) => string, string]>([
  ['another status', (n) => right(n, 'HTTP/1.1 201 Created\r\ncontent-type: application/json'), 'status 201'],
  ['the answer to another request', () => right('999999999'), 'wrong_value'],
  [
    'a body that is no JSON',
    () => 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\nno',
    'wrong_value',
  ],
  ['another content type', (n) => right(n, 'HTTP/1.1 200 OK\r\ncontent-type: text/plain'), 'no_json'],
])('%s is counted as wrong', async (_, answer, reason) => {
  const url = await answering(answer)
  // Few of them: the run is given up after ten thousand.
  const result = await runHttp({ ...GET, url, inFlight: 1, warmupMs: 10, durationMs: 50 }, new CallHistory())
  expect(result.verified).toBe(0)
  expect(Object.keys(result.wrong)).toEqual([reason])
})

test.each<[string, (n: string) => string, string]>([
  ['no length', () => 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n', 'without content-length'],
  ['more than its length', (n) => `${right(n)}x`, 'more than its content-length'],
  ['no HTTP', () => 'hello\r\n\r\n', 'no HTTP answer: hello'],
])('A server that sends %s ends the run', async (_, answer, message) => {
  const url = await answering(answer)
  await expect(runHttp({ ...GET, url, inFlight: 1 }, new CallHistory())).rejects.toThrow(message)
})

test('A server that closes connections ends the run', async () => {
  const server = createServer(({ url = '' }, response) => {
    const body = payloadJson(150).replace(`${N_MIN}`, url.slice(-9))
    const about = { 'content-type': 'application/json', 'content-length': body.length, connection: 'close' }
    response.writeHead(200, about).end(body)
  })
  const url = await listen(server)
  await expect(runHttp({ ...GET, url, inFlight: 1 }, new CallHistory())).rejects.toThrow('closed the connection')
})
