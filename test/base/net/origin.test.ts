import { expect, test } from 'vitest'
import { isLoopbackHost } from '../../../base/net/loopback-host.ts'
import { acceptsOrigin } from '../../../base/net/origin.ts'

const FOREIGN = 'http://evil.test'

test.each([
  [undefined, undefined, false, true],
  ['http://localhost:3000', undefined, false, true],
  ['http://app.localhost', undefined, false, true],
  ['http://127.0.0.1:5173', undefined, false, true],
  ['http://127.9.9.9', undefined, false, true],
  ['http://[::1]:80', undefined, false, true],
  [FOREIGN, undefined, false, false],
  ['http://localhost.evil.test', undefined, false, false],
  ['http://127.0.0.1.evil.test', undefined, false, false],
  ['null', undefined, false, false],
  ['nonsense', undefined, false, false],
  ['file://', undefined, false, false],
  [FOREIGN, undefined, true, true],
  [FOREIGN, [FOREIGN], false, true],
  ['HTTP://EVIL.test', [FOREIGN], false, true],
  ['http://localhost', [FOREIGN], false, true],
  ['http://localhost', [FOREIGN], true, false],
  ['http://other.test', [FOREIGN], false, false],
  ['http://other.test', ['*'], true, true],
])('Origin %s with allowed_origins %j, guarded %s: accepted %s', (origin, allowed, guarded, accepted) => {
  expect(acceptsOrigin(origin, allowed, guarded)).toBe(accepted)
})

test.each([
  ['localhost', true],
  ['App.LocalHost', true],
  ['127.0.0.1', true],
  ['127.255.0.3', true],
  ['::1', true],
  ['[::1]', true],
  ['::ffff:127.0.0.1', true],
  ['127.0.0.1.evil.test', false],
  ['localhost.evil.test', false],
  ['0.0.0.0', false],
  ['::', false],
  ['::ffff:10.0.0.1', false],
])('Only this machine reaches %s: %s', (host, isLoopback) => {
  expect(isLoopbackHost(host)).toBe(isLoopback)
})
