// Reference: `node:http` with nothing behind it. A GET is answered with the payload of the number in its path, a POST with what it brought.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { N_DIGITS, N_MIN, payloadJson } from '../load/payload.ts'
import { announce } from './announce.ts'

const HOST = '127.0.0.1'
const PAYLOAD_BYTES = 150
const [HEAD = '', TAIL = ''] = payloadJson(PAYLOAD_BYTES).split(`${N_MIN}`)

const server = createServer((request, response) => {
  if (request.method === 'GET') return answer(response, HEAD + request.url!.slice(-N_DIGITS) + TAIL)
  collect(request, (body) => answer(response, body))
})
server.listen(0, HOST, () => announce(`http://${HOST}:${(server.address() as AddressInfo).port}`))

function collect(request: IncomingMessage, onBody: (body: Buffer) => void): void {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => onBody(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)))
}

function answer(response: ServerResponse, body: Buffer | string): void {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length })
  response.end(body)
}
