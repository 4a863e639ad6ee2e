// `iii-http-functions`: functions that are endpoints of HTTP APIs, registered by workers or configured (spec 06 B).
import { systemClock } from '../../base/time/clock.ts'
import { definePlugin } from '../../sdk/plugin.ts'
import { HTTP_FUNCTIONS_SCHEMA, type HttpFunctionsConfig } from './config.ts'
import { startHttpFunctions } from './start.ts'

export default definePlugin<HttpFunctionsConfig>({
  name: 'iii-http-functions',
  description: 'Calls HTTP APIs as functions.',
  config: HTTP_FUNCTIONS_SCHEMA,
  isolation: 'shared',
  // It keeps nothing: calls that are under way end in the generation that began them.
  overlap: true,
  seats: ['http-invoker'],
  start: (context) => startHttpFunctions(context, { clock: systemClock, random: Math.random, env: process.env }),
})
