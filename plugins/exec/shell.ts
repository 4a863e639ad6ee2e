// How a command of the configuration becomes a process.

/** A command line as the shell of this platform takes it. */
export function inShell(
  line: string,
  platform: NodeJS.Platform = process.platform,
): { readonly command: string; readonly args: readonly string[] } {
  return platform === 'win32' ? { command: 'cmd', args: ['/C', line] } : { command: 'sh', args: ['-c', line] }
}

/** Variables by which a worker finds the engine; one that is set already stays. */
export function urlVariables(
  url: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Readonly<Record<string, string>> {
  const missing = ['III_URL', 'III_ENGINE_URL'].filter((name) => (env[name] ?? '') === '')
  return Object.fromEntries(missing.map((name) => [name, url]))
}
