// Reference: sends each frame back as it came. What a WebSocket round trip costs when nobody looks at the message.
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import { announce } from './announce.ts'

const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false }, () => {
  announce(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
})
server.on('connection', (socket) => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
  socket.on('error', () => socket.terminate())
})
