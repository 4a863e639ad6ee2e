// Which addresses are not of the public internet (spec 06 B.4).
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isPrivateAddress } from '../../../../plugins/http-functions/target/address-rules.ts'

test.each([
  '0.0.0.0',
  '0.1.2.3',
  '10.0.0.1',
  '100.64.0.1',
  '100.127.255.255',
  '127.0.0.1',
  '127.255.255.254',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.0.0.8',
  '192.0.2.1',
  '192.88.99.1',
  '192.168.1.1',
  '198.18.0.1',
  '198.51.100.7',
  '203.0.113.9',
  '224.0.0.1',
  '240.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  'fc00::1',
  'fdff:ffff::1',
  'fe80::1',
  'fe80::1%eth0',
  'febf::1',
  'fec0::1',
  'ff02::1',
  '100::1',
  '2001:db8::1',
  '3fff::1',
  '2001:0:4136:e378:8000:63bf:3fff:fdd2',
  '2001:10::1',
  // Addresses of IPv4 within those of IPv6.
  '::ffff:127.0.0.1',
  '::ffff:7f00:1',
  '::ffff:0:10.0.0.1',
  '::10.0.0.1',
  '64:ff9b::127.0.0.1',
  '64:ff9b::a9fe:a9fe',
  '64:ff9b:1::8.8.8.8',
  '2002:7f00:1::',
  '2002:c0a8:101::1',
  '2a00:1450::5efe:10.0.0.1',
  '2a00:1450::200:5efe:192.168.0.1',
  // Nothing that a connection could be opened to.
  '',
  'localhost',
  '1.2.3',
  '1.2.3.4.5',
])('%s is private', (address) => {
  expect(isPrivateAddress(address)).toBe(true)
})

test.each([
  '1.1.1.1',
  '8.8.8.8',
  '9.255.255.255',
  '11.0.0.0',
  '100.63.255.255',
  '100.128.0.0',
  '126.255.255.255',
  '128.0.0.1',
  '169.253.0.1',
  '172.15.255.255',
  '172.32.0.0',
  '192.167.255.255',
  '198.17.0.1',
  '198.20.0.1',
  '223.255.255.255',
  '2a00:1450:4001:81b::200e',
  '2606:4700::1111',
  '::ffff:8.8.8.8',
  '64:ff9b::8.8.8.8',
  '2002:808:808::1',
  '2a00:1450::5efe:8.8.8.8',
])('%s is public', (address) => {
  expect(isPrivateAddress(address)).toBe(false)
})

test('An IPv4 address is the same however it is put into one of IPv6', () => {
  const octet = fc.integer({ min: 0, max: 255 })
  fc.assert(
    fc.property(octet, octet, octet, octet, (a, b, c, d) => {
      const plain = `${a}.${b}.${c}.${d}`
      const hex = (high: number, low: number): string => ((high << 8) | low).toString(16)
      const expected = isPrivateAddress(plain)
      expect(isPrivateAddress(`::ffff:${plain}`)).toBe(expected)
      expect(isPrivateAddress(`::ffff:${hex(a, b)}:${hex(c, d)}`)).toBe(expected)
      expect(isPrivateAddress(`64:ff9b::${plain}`)).toBe(expected)
      expect(isPrivateAddress(`2002:${hex(a, b)}:${hex(c, d)}::1`)).toBe(expected)
    }),
  )
})
