// `iii-http`: functions answer HTTP requests (spec 06 part A).
import { definePlugin } from '../../sdk/plugin.ts'
import { HTTP_CONFIG_SCHEMA, type HttpConfig } from './config.ts'
import { startHttp } from './start.ts'

export default definePlugin<HttpConfig>({
  name: 'iii-http',
  description: 'Serves HTTP requests by the functions that are bound to their routes.',
  config: HTTP_CONFIG_SCHEMA,
  isolation: 'thread',
  // The next generation opens the address while this one still has it, so that nobody is refused.
  overlap: true,
  start: startHttp,
})
