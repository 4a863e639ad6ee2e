import { expect, test } from 'vitest'
import { localWebSocketUrl, shownAddress, webSocketUrl } from '../../../base/net/shown-address.ts'

test.each([
  ['127.0.0.1', '127.0.0.1:1'],
  ['::1', '[::1]:1'],
  ['example.com', 'example.com:1'],
])('The host %s is shown as %s with port 1', (host, shown) => {
  expect(shownAddress(host, 1)).toBe(shown)
  expect(webSocketUrl(host, 1)).toBe(`ws://${shown}`)
})

test.each([
  ['0.0.0.0', 'ws://127.0.0.1:1'],
  ['::', 'ws://127.0.0.1:1'],
  ['::1', 'ws://[::1]:1'],
  ['10.0.0.7', 'ws://10.0.0.7:1'],
])('A client on this machine reaches the host %s by %s', (host, url) => {
  expect(localWebSocketUrl(host, 1)).toBe(url)
})
