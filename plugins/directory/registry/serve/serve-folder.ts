// Runs the registry server in the foreground, until a signal ends it.
import { stat } from 'node:fs/promises'
import { Mistake } from '../../../../kit/commands/mistake.ts'
import { RegistryServer } from './registry-server.ts'

export interface ServeFolderOptions {
  /** Absolute. */
  readonly folder: string
  readonly host: string
  readonly port: number
  readonly publicUrl: string | undefined
  readonly print: (line: string) => void
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Resolves when it has been ended. */
export async function serveFolder({ folder, host, port, publicUrl, print }: ServeFolderOptions): Promise<void> {
  const stats = await stat(folder).catch(() => undefined)
  if (stats?.isDirectory() !== true)
    throw new Mistake(`There is no folder ${folder}`, 'iii registry publish PATH --registry FOLDER makes one.')
  const server = await RegistryServer.open({
    folder,
    host,
    port,
    ...(publicUrl !== undefined && { publicUrl }),
    log: { debug: () => {}, warn: (message) => console.error(message) },
  })
  print(`Serving ${folder} at ${server.url}`)
  print(`Engines use it with III_API_URL=${publicUrl ?? server.url}, or registry_url in the settings of the directory.`)
  const { promise, resolve } = Promise.withResolvers<void>()
  for (const signal of SIGNALS) process.once(signal, resolve)
  try {
    await promise
  } finally {
    for (const signal of SIGNALS) process.off(signal, resolve)
    await server.close()
  }
}
