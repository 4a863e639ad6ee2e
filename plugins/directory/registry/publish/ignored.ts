// What of a worker's folder is never published: what a package manager, version control and the engine keep there, and secrets.

const IGNORED_NAMES: ReadonlySet<string> = new Set([
  'node_modules',
  '.git',
  '.hg',
  '.svn',
  '.iii',
  '.venv',
  '__pycache__',
  '.DS_Store',
])
/** `.env`, `.env.local` and the like hold secrets. */
const SECRETS = /^\.env(\..+)?$/

export function isIgnored(name: string): boolean {
  return IGNORED_NAMES.has(name) || SECRETS.test(name)
}
