import { definePlugin } from 'iii-host/plugin'

export default definePlugin<{ greeting: string }>({
  name: 'hello',
  description: 'Greets people.',
  config: {
    type: 'object',
    properties: { greeting: { type: 'string', default: 'Hello' } },
    additionalProperties: false,
  },
  start({ iii, config, log }) {
    iii.registerFunction('hello::greet', async ({ name }: { name: string }) => ({
      text: `${config.greeting}, ${name}`,
    }))
    log.info('ready to greet')
  },
})
