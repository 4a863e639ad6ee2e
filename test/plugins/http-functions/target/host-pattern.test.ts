// The patterns of `url_allowlist` (spec 06 B.4).
import { describe, expect, test } from 'vitest'
import { parseHostPattern } from '../../../../plugins/http-functions/target/host-pattern.ts'

const hostOf = (url: string): string => new URL(url).hostname

describe('a pattern', () => {
  test.each([
    ['*', 'https://anything.example/'],
    ['api.example.com', 'https://API.Example.COM:8443/x?y'],
    ['API.EXAMPLE.com', 'https://api.example.com/'],
    ['api.example.com', 'https://api.example.com./'],
    ['api.example.com.', 'https://api.example.com/'],
    ['*.example.com', 'https://a.b.example.com/'],
    ['api-?.example.com', 'https://api-1.example.com/'],
    ['api-[0-9a].example.com', 'https://api-a.example.com/'],
    ['api-[!0-9].example.com', 'https://api-x.example.com/'],
    ['https://api.example.com', 'https://api.example.com/'],
    ['https://api.example.com:8443/v1?x', 'https://api.example.com/'],
    ['https://*.example.com/*', 'https://api.example.com/'],
    ['10.0.0.*', 'http://10.0.0.7/'],
    ['127.0.0.1', 'http://2130706433/'],
    ['::1', 'http://[::1]/'],
    ['[::1]', 'http://[0:0:0:0:0:0:0:1]/'],
    ['http://[::1]:3000/', 'http://[::1]/'],
    ['müller.example', 'https://müller.example/'],
    ['*.müller.example', 'https://shop.xn--mller-kva.example/'],
  ])('%s is met by %s', (pattern, url) => {
    expect(parseHostPattern(pattern)(hostOf(url))).toBe(true)
  })

  test.each([
    ['api.example.com', 'https://apixexample.com/'],
    ['api.example.com', 'https://evil.test/?api.example.com'],
    ['api.example.com', 'https://api.example.com.evil.test/'],
    ['api.example.com', 'https://xapi.example.com/'],
    ['*.example.com', 'https://example.com/'],
    ['*.example.com', 'https://example.com.evil.test/'],
    ['api-[0-9].example.com', 'https://api-x.example.com/'],
    ['https://api.example.com', 'https://evil.test/'],
    ['https://user@api.example.com', 'https://user.evil.test/'],
    ['[::1]', 'http://[::2]/'],
    ['(a|b).example', 'https://a.example/'],
    ['$', 'https://a.example/'],
  ])('%s is not met by %s', (pattern, url) => {
    expect(parseHostPattern(pattern)(hostOf(url))).toBe(false)
  })

  test.each([
    ['api-[0-9.example.com', "url_allowlist: 'api-[0-9.example.com' has a '[' without its ']'; close it, or remove it"],
    ['[z-a].example', "url_allowlist: '[z-a].example' has a range that is the wrong way round; write [a-z], not [z-a]"],
    ['https://', "url_allowlist: 'https://' names no host; write one, such as *.example.com"],
  ])('%s is refused', (pattern, message) => {
    expect(() => parseHostPattern(pattern)).toThrow(message)
  })
})
