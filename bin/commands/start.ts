// `iii start`: runs the engine in the foreground until SIGINT, SIGTERM or SIGHUP.
import { defineCommand } from 'citty'
import module from 'node:module'
import { collectWhenIdle } from '../../base/process/collect-when-idle.ts'
import { endNow } from '../../base/process/end-now.ts'
import { ConfigError } from '../../core/config/config-error.ts'
import { CodedError } from '../../protocol/errors.ts'
import { askOnTerminal } from '../ask-on-terminal.ts'
import { asTyped } from '../command-name.ts'
import { endBySignal } from '../end-process.ts'
import { CommandFailure, EXIT, UsageError } from '../exit-codes.ts'
import { ignoresHangup } from '../hangup.mjs'
import { provideConfigFile } from '../provide-config-file.ts'
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
    inspect: {
      type: 'string',
      description: 'Let a debugger in, on 127.0.0.1:9229 or where it says; plugins in threads show up in it, too',
      valueHint: '[host:]port',
    },
    'update-check': {
      type: 'boolean',
      default: false,
      description: 'Accepted for compatibility; nothing is ever checked',
    },
  },
  async run({ args }) {
    if (args['use-default-config'] && args.config !== undefined) {
      throw new UsageError('--config and --use-default-config exclude each other')
    }
    // Before anything is loaded that is to be debugged.
    if (args.inspect !== undefined) {
      const { openInspector } = await import('../inspector.ts')
      openInspector(args.inspect, (line) => console.error(`Warning: ${line}`))
    }
    // Loaded here and not above, so that `iii start --help` is quick.
    const [{ startEngine }, { createLog, logLevelFrom }] = await Promise.all([
      import('../../index.ts'),
      import('../../core/log.ts'),
    ])
    const log = createLog({ level: usable(logLevelFrom(process.env)) })
    const insisted = (signal: NodeJS.Signals): void => {
      log.flush()
      endBySignal(signal)
    }
    const signals = stopSignals(process, insisted, { ignoresHangup: ignoresHangup() })
    const place = {
      ...(args.config === undefined ? {} : { configPath: args.config }),
      useDefaultConfig: args['use-default-config'],
      cwd: process.cwd(),
      env: process.env,
    }
    await provideConfigFile(place, askOnTerminal())
    const abort = new AbortController()
    void signals.first.then(() => abort.abort())
    const { signal } = abort
    const options = { ...place, strictConfig: args['strict-config'], watch: args.watch, log, began: 0, signal }
    const engine = await startEngine(options).catch(async (error: unknown) => {
      // Whoever stops a start need not be told why it could not go on.
      if (signal.aborted) insisted(await signals.first)
      throw startFailure(error)
    })
    try {
      process.stdout.write(asTyped(startScreen(engine.status(), terminalOf(process.stdout))))
      // A killed process writes no cache at its end, so it is written now, when everything has been loaded once.
      module.flushCompileCache()
      collectWhenIdle()
      log.info('stopping', { signal: await signals.first })
    } finally {
      // Also when the above threw: an engine that nobody can stop any more must not stay behind.
      await engine.close('shutdown')
    }
    signals.close()
    const written = await log.flushed()
    // What a plugin or a library left open, or a thread that is blocked, must not keep a stopped engine alive.
    if (engine.status().abandoned.length > 0 || written === 'blocked') endNow(EXIT.ok)
    process.exit(EXIT.ok)
  },
})

function usable<Value>(reading: { readonly value: Value } | { readonly problem: string }): Value {
  if ('problem' in reading) throw new UsageError(reading.problem)
  return reading.value
}

/** What keeps an engine from starting is for its user to mend, so it is told without a stack trace; a defect of ours keeps it. */
function startFailure(error: unknown): unknown {
  // Told with its remedy, whatever its cause.
  if (!(error instanceof Error) || error instanceof ConfigError) return error
  const isSystemError = error.cause instanceof Error && 'syscall' in error.cause
  return error instanceof CodedError || isSystemError
    ? new CommandFailure(`Error: ${error.message}`, { cause: error })
    : error
}
