// The scripts of the backend on one connection, each as a function, and errors as the backend's callers know them.
import { CodedError } from '../../../../protocol/errors.ts'
import { RedisError, type RedisArgument, type RedisConnection } from '../../../../kit/redis/redis-connection.ts'
import { FORGET_ENGINE, RENEW } from './engine-scripts.ts'
import { DECLARE, END_DEATH, FIND_DEAD, LIST, LIST_DEAD, PAUSE, RETIRE, STATS } from './queue-scripts.ts'
import type { Key } from './queue-keys.ts'
import { ENQUEUE, PUBLISH, SUBSCRIBE, UNBIND, UNSUBSCRIBE } from './store-scripts.ts'
import { ADOPT, HAVE_BACK, LACKING, SET_ASIDE, TAKE_UP, WORK } from './work-scripts.ts'

const SCRIPTS = {
  enqueue: [ENQUEUE, 1],
  publish: [PUBLISH, 2],
  subscribe: [SUBSCRIBE, 3],
  unsubscribe: [UNSUBSCRIBE, 2],
  unbind: [UNBIND, 1],
  work: [WORK, 1],
  setAside: [SET_ASIDE, 1],
  takeUp: [TAKE_UP, 1],
  lacking: [LACKING, 1],
  adopt: [ADOPT, 1],
  haveBack: [HAVE_BACK, 1],
  declare: [DECLARE, 1],
  retire: [RETIRE, 1],
  pause: [PAUSE, 1],
  stats: [STATS, 1],
  list: [LIST, 1],
  listDead: [LIST_DEAD, 1],
  findDead: [FIND_DEAD, 1],
  endDeath: [END_DEATH, 1],
  renew: [RENEW, 1],
  forgetEngine: [FORGET_ENGINE, 1],
} as const

/** What goes on when the memory of the server is full: jobs are given out and forgotten, and nothing is stored. */
const DRAINING: ReadonlySet<string> = new Set<keyof typeof SCRIPTS>([
  'work',
  'setAside',
  'takeUp',
  'adopt',
  'haveBack',
  'endDeath',
  'renew',
  'forgetEngine',
  'unbind',
  'unsubscribe',
])

export type ScriptName = keyof typeof SCRIPTS

export class QueueServer {
  readonly redis: RedisConnection
  readonly #scripts: ReadonlyMap<ScriptName, ReturnType<RedisConnection['defineScript']>>

  /** Redis 7 and later let a script through that makes room; earlier ones refuse all that writes when their memory is full. */
  static async open(redis: RedisConnection): Promise<QueueServer> {
    const info = String(await redis.command('INFO', 'server').catch(() => ''))
    return new QueueServer(redis, Number(/^redis_version:(\d+)/m.exec(info)?.[1] ?? 0) >= 7)
  }

  private constructor(redis: RedisConnection, hasFlags: boolean) {
    this.redis = redis
    const textOf = (name: string, lua: string): string =>
      hasFlags && DRAINING.has(name) ? `#!lua flags=allow-oom\n${lua}` : lua
    this.#scripts = new Map(
      Object.entries(SCRIPTS).map(([name, [lua, keys]]) => [
        name as ScriptName,
        redis.defineScript(textOf(name, lua), keys),
      ]),
    )
  }

  /** Runs a script; rejections are `CodedError`s where nothing was tried. */
  async run(name: ScriptName, keys: readonly Key[], args: readonly RedisArgument[]): Promise<unknown> {
    try {
      return await this.#scripts.get(name)!(keys, args)
    } catch (error) {
      throw codedError(error)
    }
  }

  async hashAll(key: Key): Promise<[field: Buffer, value: string][]> {
    const reply = (await this.redis.commandBytes('HGETALL', key).catch((error: unknown) => {
      throw codedError(error)
    })) as Buffer[]
    const found: [Buffer, string][] = []
    for (let at = 0; at + 1 < reply.length; at += 2) found.push([reply[at]!, reply[at + 1]!.toString()])
    return found
  }
}

function codedError(error: unknown): unknown {
  if (!(error instanceof RedisError) || error.failure !== 'unreachable') return error
  return new CodedError('plugin_unavailable', error.message, { cause: error })
}
