// How a plugin that stops answers a call which it has not run: not the caller gets that, but the generation that follows gets the call.

/** The error as it is sent, to be compared as a whole. Where no generation follows the caller gets it. */
export const PASSED_ON =
  '{"code":"plugin_unavailable","message":"The plugin stops and has not run this call; nothing follows it that would"}'
