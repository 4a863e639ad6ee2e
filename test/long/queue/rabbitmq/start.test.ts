// What is wrong at the start is told with the address, without the password, and with what to do.
import { describe, expect, test } from 'vitest'
import { lacks } from '../../../support/needs.ts'
import { unusedPort } from '../../../support/unused-port.ts'
import { rabbitScene } from './rabbit-scene.ts'

describe.skipIf(lacks('rabbitmq-server'))('the start (needs rabbitmq-server)', () => {
  const scene = rabbitScene()

  describe('what is wrong at the start', () => {
    test('nobody at the address: the URL without its password, and what to do', async () => {
      const port = await unusedPort()
      const error = (await scene
        .openAt(`amqp://u:s3cret@127.0.0.1:${port}/v`)
        .catch((thrown: unknown) => thrown)) as Error
      expect(error.message).toContain(`amqp://u:********@127.0.0.1:${port}/v`)
      expect(error.message).toMatch(/amqp_url of iii-queue.*not reachable.*Start it, or correct the setting/)
      expect(error.message).not.toContain('s3cret')
    })

    test('a wrong password', async () => {
      const url = scene.server.url.replace('guest:guest', 'guest:s3cret')
      const error = (await scene.openAt(url).catch((thrown: unknown) => thrown)) as Error
      expect(error.message).toMatch(/refused the user name or password/)
      expect(error.message).not.toContain('s3cret')
    })

    test.each([
      ['nonsense', /is not a URL/],
      ['http://x', /begins with http:/],
    ])('the setting %s', async (url, message) => {
      await expect(scene.openAt(url)).rejects.toThrow(message)
    })
  })
})
