// `iii worker`: the workers of a project, with a running engine or without one (spec 05 part C).
import { defineCommand, type CommandDef } from 'citty'
import type { CommandTools } from '../../../sdk/built-in.ts'

export default function workerCommand(tools: CommandTools): CommandDef<any> {
  return defineCommand({
    meta: { name: 'worker', description: 'Add, start, watch and write workers that the engine runs' },
    subCommands: {
      list: async () => (await import('./list.ts')).list(tools),
      status: async () => (await import('./status.ts')).status(tools),
      info: async () => (await import('./info.ts')).info(tools),
      add: async () => (await import('./add.ts')).add(tools),
      reinstall: async () => (await import('./add.ts')).reinstall(tools),
      remove: async () => (await import('./remove.ts')).remove(tools),
      rm: async () => (await import('./remove.ts')).remove(tools),
      start: async () => (await import('./start-stop.ts')).start(tools),
      stop: async () => (await import('./start-stop.ts')).stop(tools),
      restart: async () => (await import('./start-stop.ts')).restart(tools),
      logs: async () => (await import('./logs.ts')).logs(tools),
      update: async () => (await import('./packages.ts')).update(tools),
      sync: async () => (await import('./packages.ts')).sync(tools),
      verify: async () => (await import('./packages.ts')).verify(tools),
      clear: async () => (await import('./remove.ts')).clear(tools),
      init: async () => (await import('./init.ts')).init(tools),
      validate: async () => (await import('./validate.ts')).validate(tools),
    },
  })
}
