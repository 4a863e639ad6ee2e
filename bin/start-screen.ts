// The start-up screen: a pure function from the engine's status to text. Plain lines where there is no terminal.
import path from 'node:path'
import { CONFIG_FILE_NAMES } from '../core/config/locate.ts'
import type { EngineStatus, ListenerStatus, PluginStatus } from '../core/engine-status.ts'
import { BUILT_INS } from '../plugins/built-ins.ts'
import { entryLines } from './entry-lines.ts'
import type { BuiltIn } from '../sdk/built-in.ts'
import type { Terminal } from './terminal.ts'
import { tableLines } from './table.ts'

/** Lines of entries to add that are shown at most; a folder full of plugins must not push the rest off the screen. */
const SHOWN_AVAILABLE = 5

/** Text for stdout, with a line break at its end. */
export function startScreen(status: EngineStatus, terminal: Terminal, builtIns = BUILT_INS): string {
  const { paint } = terminal
  const blocks = [
    [
      `${paint.bold('iii-host')} ${status.version} ${paint.dim(`started in ${Math.round(status.startMs)} ms`)}`,
      configLine(status),
    ],
    block(terminal, 'Listening', [
      ...status.listeners.map(listenerLine),
      ...status.plugins.flatMap(addressLines),
      ...(status.healthUrl === undefined ? [] : [`${status.healthUrl}  health`]),
    ]),
    block(terminal, 'Plugins', pluginLines(status.plugins, terminal)),
    block(terminal, 'Not enabled', availableLines(status), paint.yellow),
    block(terminal, 'What is wrong', problemLines(status), paint.red),
    block(terminal, 'Try next', nextSteps(status, builtIns)),
  ]
  const shown = blocks.filter((lines) => lines.length > 0).map((lines) => lines.join('\n'))
  return `${shown.join(terminal.isTTY ? '\n\n' : '\n')}\n`
}

function block({ paint }: Terminal, title: string, lines: readonly string[], colour = paint.bold): string[] {
  return lines.length === 0 ? [] : [colour(`${title}:`), ...lines.map((line) => `  ${line}`)]
}

function configLine({ configFile, projectRoot }: EngineStatus): string {
  return configFile === null
    ? `No configuration file; built-in defaults, data and plugins in ${projectRoot}`
    : `Configuration ${shownPath(configFile, process.cwd())}`
}

function listenerLine({ url, rbac }: ListenerStatus): string {
  return rbac ? `${url}  sessions under rbac` : url
}

function addressLines({ name, addresses = [] }: PluginStatus): string[] {
  return addresses.map((address) => `${address}  ${name}`)
}

function pluginLines(plugins: readonly PluginStatus[], { paint }: Terminal): string[] {
  const enabled = plugins.filter((plugin) => plugin.state !== 'available' && plugin.state !== 'disabled')
  const columns = [
    { title: '', value: (plugin: PluginStatus) => plugin.name },
    { title: '', value: (plugin: PluginStatus) => plugin.state },
    { title: '', value: (plugin: PluginStatus) => plugin.isolation ?? '-' },
    { title: '', value: loadTime },
    { title: '', value: originOf },
  ]
  const lines = tableLines(enabled, columns, Number.POSITIVE_INFINITY).slice(1)
  return lines.map((line, index) => (enabled[index]?.state === 'running' ? line : paint.red(line)))
}

function loadTime({ load_ms: loadMs }: PluginStatus): string {
  return loadMs === null ? '-' : `${Math.round(loadMs)} ms`
}

function originOf({ origin, replaces, name, settings }: PluginStatus): string {
  const replaced = replaces === true ? ` (replaces the built-in ${name})` : ''
  // Else somebody looks for the port in the file, where another one stands.
  return `${origin}${replaced}${settings === 'stored' ? ', settings set at run time' : ''}`
}

function availableLines({ plugins, configFile }: EngineStatus): string[] {
  const available = plugins.filter((plugin) => plugin.state === 'available' && plugin.origin !== 'built-in')
  if (available.length === 0) return []
  const file = configFile === null ? 'iii-config.yaml' : path.basename(configFile)
  const shown = available.slice(0, SHOWN_AVAILABLE)
  const rest = available.length - shown.length
  return [
    `${available.length === 1 ? '1 plugin is' : `${available.length} plugins are`} found without an entry. To run, add to ${file} under workers:`,
    ...shown.map((plugin) => `${entryLines(plugin.name).trimEnd()}    # ${plugin.origin}`),
    ...(rest > 0 ? [`… and ${rest} more: iii plugins list --state available`] : []),
  ]
}

function problemLines({ plugins, warnings }: EngineStatus): string[] {
  const broken = plugins.filter((plugin) => plugin.error !== undefined || plugin.state === 'failed')
  const failures = broken.map((plugin) => `${plugin.name} (${plugin.origin}): ${plugin.error ?? 'failed'}`)
  return [...failures, ...warnings].flatMap((message) => bullet(message))
}

/** A message may have several lines: file:line:column with the line of source below it. */
function bullet(message: string): string[] {
  return message.split('\n').map((line, index) => (index === 0 ? `- ${line}` : `  ${line}`))
}

function nextSteps({ plugins, listeners, configFile }: EngineStatus, builtIns: readonly BuiltIn[]): string[] {
  const open = listeners.find((listener) => !listener.rbac)
  const running = (name: string) => plugins.some((plugin) => plugin.name === name && plugin.state === 'running')
  const shown = builtIns.find(({ about }) => about.tryNext !== undefined && running(about.name))?.about
  const at = open === undefined || open.url.endsWith(':49134') ? '' : ` --address ${open.url}`
  const broken = plugins.find((plugin) => plugin.state === 'failed')
  return [
    ...(broken === undefined
      ? []
      : [`iii plugins info ${broken.name}${at}    why it failed; saving its file starts it again`]),
    ...(open === undefined ? [] : [`iii functions list${at}    what can be called`]),
    ...(open !== undefined && shown?.tryNext !== undefined ? [`iii ${shown.tryNext}${at}`] : []),
    `iii plugin new hello${projectOption(configFile)}    a first plugin`,
  ]
}

/** From another folder, or with a file of another name, a command would not find this project by itself. */
function projectOption(configFile: string | null): string {
  if (configFile === null) return ''
  const { dir, base } = path.parse(configFile)
  const isFound = dir === process.cwd() && CONFIG_FILE_NAMES.some((name) => name === base)
  return isFound ? '' : ` --config ${shownPath(configFile, process.cwd())}`
}

function shownPath(file: string, from: string): string {
  const relative = path.relative(from, file)
  return relative.startsWith('..') ? file : relative
}
