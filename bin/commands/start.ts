// `iii start`: runs the engine in the foreground until SIGINT or SIGTERM.
import { defineCommand } from 'citty'
import module from 'node:module'
import { EXIT, UsageError } from '../exit-codes.ts'
import { startScreen } from '../start-screen.ts'
import { stopSignals } from '../stop-signals.ts'
import { terminalOf } from '../terminal.ts'

export const start = defineCommand({
  meta: { name: 'start', description: 'Start the engine in the foreground' },
  args: {
    config: { type: 'string', alias: 'c', description: 'Configuration file', valueHint: 'file' },
    watch: {
      type: 'boolean',
      default: true,
      description: 'Take up changes of the configuration and of plugins',
      negativeDescription: 'Leave configuration and plugins as they are at the start',
    },
    'strict-config': { type: 'boolean', default: false, description: 'Odd things in the configuration are errors' },
    'use-default-config': { type: 'boolean', default: false, description: 'Use the built-in defaults and no file' },
    'update-check': {
      type: 'boolean',
      default: false,
      description: 'Accepted for compatibility; nothing is ever checked',
    },
  },
  async run({ args }) {
    if (args._.length > 0) throw new UsageError(`unexpected argument '${args._[0]}' of iii start`)
    if (args['use-default-config'] && args.config !== undefined) {
      throw new UsageError('--config and --use-default-config exclude each other')
    }
    // Loaded here and not above, so that `iii start --help` is quick.
    const [{ startEngine }, { createLog }] = await Promise.all([
      import('../../core/engine.ts'),
      import('../../core/log.ts'),
    ])
    const log = createLog()
    const signals = stopSignals(process, () => {
      log.flush()
      process.exit(EXIT.interrupted)
    })
    const engine = await startEngine({
      ...(args.config === undefined ? {} : { configPath: args.config }),
      useDefaultConfig: args['use-default-config'],
      strictConfig: args['strict-config'],
      watch: args.watch,
      cwd: process.cwd(),
      env: process.env,
      log,
      began: 0,
    })
    process.stdout.write(startScreen(engine.status(), terminalOf(process.stdout)))
    // A killed process writes no cache at its end, so it is written now, when everything has been loaded once.
    module.flushCompileCache()

    const signal = await signals.first
    log.info('stopping', { signal })
    await engine.close(signal)
    signals.close()
    log.flush()
    // What a plugin or a library left open must not keep a stopped engine alive.
    process.exit(EXIT.ok)
  },
})
