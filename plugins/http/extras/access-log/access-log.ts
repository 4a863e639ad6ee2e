// A record of each request, in the engine's log or in a file of its own. Nothing of it can make a request fail.
import path from 'node:path'
import { systemClock, type Clock } from '../../../../base/time/clock.ts'
import type { PluginLog } from '../../../../sdk/plugin.ts'
import { accessLine, accessMembers, type AccessFormat, type AccessRecord } from './access-record.ts'
import { LogFile } from './log-file.ts'

export interface AccessLogOptions {
  /** Relative to the project root; undefined = the engine's log. */
  readonly file: string | undefined
  readonly format: AccessFormat
}

export interface AccessLogDeps {
  readonly log: PluginLog
  readonly projectRoot: string
  readonly clock?: Clock
}

export interface AccessLog {
  record(record: Omit<AccessRecord, 'time'>): void
  close(): Promise<void>
}

/** @throws Error when the file can't be written. */
export async function openAccessLog(options: AccessLogOptions, deps: AccessLogDeps): Promise<AccessLog> {
  const { file, format } = options
  const { log, projectRoot, clock = systemClock } = deps
  if (file === undefined)
    return { record: (record) => logRecord(log, { ...record, time: clock.now() }), close: async () => {} }
  const warn = (message: string) => log.warn(message)
  const logFile = await LogFile.open({ path: path.resolve(projectRoot, file), warn, clock })
  return {
    record: (record) => logFile.write(accessLine({ ...record, time: clock.now() }, format)),
    close: () => logFile.close(),
  }
}

function logRecord(log: PluginLog, record: AccessRecord): void {
  const { method, path, status } = record
  log.info(`${method} ${path.slice(0, MAX_IN_MESSAGE)} ${status === 0 ? 'gone' : status}`, accessMembers(record))
}

const MAX_IN_MESSAGE = 200
