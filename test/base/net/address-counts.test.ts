import { expect, test } from 'vitest'
import { AddressCounts, networkOf } from '../../../base/net/address-counts.ts'

test.each([
  ['203.0.113.7', '203.0.113.7'],
  ['::ffff:203.0.113.7', '203.0.113.7'],
  ['::FFFF:203.0.113.7', '203.0.113.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
  ['2001:db8::9', '2001:db8:0:0::/64'],
  ['2001:db8::3:4:5:6', '2001:db8:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['::', '0:0:0:0::/64'],
  [undefined, ''],
])('%s counts as %s', (address, network) => {
  expect(networkOf(address)).toBe(network)
})

test('Each address has its own count, and is forgotten with the last of its connections', () => {
  const counts = new AddressCounts()
  counts.add('10.0.0.1')
  counts.add('::ffff:10.0.0.1')
  counts.add('10.0.0.2')
  expect([counts.of('10.0.0.1'), counts.of('10.0.0.2'), counts.of('10.0.0.3')]).toEqual([2, 1, 0])
  counts.remove('10.0.0.1')
  counts.remove('10.0.0.2')
  counts.remove('10.0.0.2')
  expect([counts.of('10.0.0.1'), counts.of('10.0.0.2')]).toEqual([1, 0])
})
