// Says what to do when native code can't be loaded: Node knows the number of an interface, users know versions of Node.

/** The part of `process` that loads native code: of the thread that it is asked in. */
export interface Loading {
  dlopen: (...args: any[]) => void
  readonly execPath: string
  readonly version: string
}

/** From now on errors of the loader say what to do about them. */
export function explainNativeFailures(loading: Loading = process): void {
  const { dlopen } = loading
  loading.dlopen = (...args) => {
    try {
      dlopen.apply(loading, args)
    } catch (error) {
      if (error instanceof Error) error.message = explained(error.message, String(args[1]), loading)
      throw error
    }
  }
}

function explained(message: string, file: string, { version, execPath }: Loading): string {
  if (/NODE_MODULE_VERSION/.test(message)) {
    const compiledFor = /NODE_MODULE_VERSION (\d+)/.exec(message)?.[1]
    return (
      `the native module ${file} was compiled for another Node (NODE_MODULE_VERSION ${compiledFor}) than the engine's, ` +
      `which is ${version}, ${execPath}. Install its package with that Node: PATH="${folderOf(execPath)}:$PATH" npm rebuild ${packageOf(file)}`
    )
  }
  if (message.includes('did not self-register')) {
    return `the native module ${file} can be loaded by one thread of a process only: give the plugin 'isolation: process' (${message})`
  }
  return message
}

function folderOf(file: string): string {
  return file.replace(/[\\/][^\\/]*$/, '')
}

/** Name of the package in whose folder a file lies; empty for none: then all are rebuilt. */
function packageOf(file: string): string {
  return /.*[\\/]node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/.exec(file)?.[1]?.replaceAll('\\', '/') ?? ''
}
