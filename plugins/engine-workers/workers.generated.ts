// Written by `npm run docs` from what the built-in workers declare.
import type { EngineWorker } from '../../kit/registry/engine-registry.ts'

export const ENGINE_VERSION = '0.1.0'

export const ENGINE_WORKERS: readonly EngineWorker[] = [
  {"name":"configuration","aliases":[],"description":"Keeps settings by id, checks them against schemas, and tells when they change.","mandatory":true},
  {"name":"iii-bridge","aliases":["bridge"],"description":"Connects to another engine: calls its functions, and lets it call some of this one.","mandatory":false},
  {"name":"iii-cron","aliases":["cron"],"description":"Runs functions at times given by cron expressions.","mandatory":false},
  {"name":"iii-directory","aliases":[],"description":"Finds workers in registries, and keeps skills and prompts.","mandatory":true},
  {"name":"iii-exec","aliases":[],"description":"Runs commands with the engine, and again when files change.","mandatory":false},
  {"name":"iii-http","aliases":["http"],"description":"Serves HTTP requests by the functions that are bound to their routes.","mandatory":false},
  {"name":"iii-http-functions","aliases":[],"description":"Calls HTTP APIs as functions.","mandatory":true},
  {"name":"iii-pubsub","aliases":["pubsub"],"description":"Broadcasts events to everything that is subscribed to a topic, without keeping them.","mandatory":false},
  {"name":"iii-queue","aliases":["queue"],"description":"Keeps calls and messages durably until they have been handled, with retries and dead letters.","mandatory":false},
  {"name":"iii-rbac","aliases":["rbac"],"description":"Decides what connections to listeners with rbac may do, by their block and by an auth function.","mandatory":false},
  {"name":"iii-state","aliases":["state"],"description":"Keeps JSON values by scope and key, durably, and fires triggers when they change.","mandatory":false},
  {"name":"iii-stream","aliases":["stream"],"description":"Keeps JSON items by stream and group, durably, and tells subscribers and bound functions what happens to them.","mandatory":false},
  {"name":"iii-worker-manager","aliases":[],"description":"Takes the connections of workers.","mandatory":true},
  {"name":"iii-worker-ops","aliases":[],"description":"Installs workers and runs them beside the engine.","mandatory":true},
]
