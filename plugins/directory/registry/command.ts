// `iii registry`: serve a folder as a registry of workers, and put workers into one. Neither needs an engine.
import { resolve } from 'node:path'
import { defineCommand, type CommandDef } from 'citty'
import { Mistake } from '../../../kit/commands/mistake.ts'
import type { CommandTools } from '../../../sdk/built-in.ts'
import { serveFolder } from './serve/serve-folder.ts'

type Args = Readonly<Record<string, unknown>>

export default function registryCommand(tools: CommandTools): CommandDef<any> {
  return defineCommand({
    meta: { name: 'iii registry', description: 'Serve a folder as a registry of workers, and publish workers into it' },
    subCommands: { serve: serve(tools), publish: publishInto(tools) },
  })
}

function serve({ print }: CommandTools): CommandDef<any> {
  return defineCommand({
    meta: { name: 'serve', description: 'Serve a folder as a registry over HTTP, until it is ended with Ctrl-C' },
    args: {
      folder: { type: 'positional', required: true, description: 'The registry, such as .iii/registry' },
      port: { type: 'string', default: '0', description: 'Where to listen; 0 = a port that is free' },
      host: { type: 'string', default: '127.0.0.1', description: 'Where to listen; anybody who reaches it may read' },
      url: { type: 'string', description: 'Where others reach it, behind a proxy: https://workers.example.org' },
    },
    async run({ args }) {
      await serveFolder({
        folder: resolve(String(args['folder'])),
        port: portOf(args),
        host: String(args['host']),
        publicUrl: urlOf(args),
        print,
      })
      return 0
    },
  })
}

function publishInto({ connectionArgs, call, print }: CommandTools): CommandDef<any> {
  return defineCommand({
    meta: { name: 'publish', description: "Pack a worker's folder and put it into a registry folder" },
    args: {
      path: { type: 'positional', required: true, description: 'The folder with iii.worker.yaml' },
      registry: { type: 'string', default: '.iii/registry', description: 'The registry folder; it is made' },
      release: { type: 'string', description: 'The version, in place of that in iii.worker.yaml or package.json' },
      latest: { type: 'boolean', default: false, description: 'From now on it is what `latest` means' },
      describe: {
        type: 'boolean',
        default: false,
        description: 'Tell its functions and trigger types, as an engine has them to which the worker is connected',
      },
      ...connectionArgs,
    },
    async run({ args }) {
      const { publish } = await import('./publish/publish.ts')
      const { describedBy, NOT_DESCRIBED } = await import('./publish/described.ts')
      const { name, version, folder, sha256, files } = await publish({
        folder: resolve(String(args['path'])),
        registry: resolve(String(args['registry'])),
        release: args['release'] === undefined ? undefined : String(args['release']),
        latest: args['latest'] === true,
        api:
          args['describe'] === true
            ? describedBy((functionId, data) => call(args, functionId, data))
            : () => Promise.resolve(NOT_DESCRIBED),
      })
      print(`${name} ${version} published: ${files} ${files === 1 ? 'file' : 'files'}, sha256 ${sha256}`)
      print(folder)
      return 0
    },
  })
}

function portOf({ port }: Args): number {
  const number = Number(port)
  if (Number.isInteger(number) && number >= 0 && number <= 65_535) return number
  throw new Mistake(`--port "${String(port)}" is no port`, 'Give a number from 0 to 65535; 0 = one that is free.')
}

function urlOf({ url }: Args): string | undefined {
  if (url === undefined) return undefined
  const text = String(url).replace(/\/+$/, '')
  if (/^https?:\/\//.test(text) && URL.canParse(text)) return text
  throw new Mistake(`--url "${String(url)}" is no address`, 'Give one such as https://workers.example.org.')
}
