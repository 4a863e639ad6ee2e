// What of an address may be seen: never user, password and query, whatever is wrong with it.
import { expect, it } from 'vitest'
import { shownAddress } from '../../../kit/net/shown-address.ts'

it.each([
  ['ws://engine:49134/path?token=secret#secret', 'ws://engine:49134/path'],
  ['https://user:secret@host/@team/x', 'https://host/@team/x'],
  ['file:///srv/@team/x.tar.gz', 'file:///srv/@team/x.tar.gz'],
  ['https://user:sec/ret@exa mple.com/?key=secret', 'https://exa mple.com/'],
  ['ws://user:sec?ret@host:port', 'ws://host:port'],
  ['user:secret@host', 'host'],
  ['/orders?key=secret', '/orders'],
  ['nonsense', 'nonsense'],
  ['', ''],
])('%s is shown as %s', (address, shown) => {
  expect(shownAddress(address)).toBe(shown)
})
