// Runs the CLI as people do: a process of its own, through the launcher.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const LAUNCHER = fileURLToPath(new URL('../../bin/iii.mjs', import.meta.url))
const DEADLINE_MS = 15_000

/** A PATH on which a shell finds `iii`, as where the package is installed for all: hints name the command so. */
export const PATH = pathWithCli()

function pathWithCli(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'iii-host-bin-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  symlinkSync(LAUNCHER, path.join(folder, 'iii'))
  return `${folder}${path.delimiter}${process.env['PATH']}`
}

export interface CliResult {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

export interface CliOptions {
  cwd?: string
  env?: NodeJS.ProcessEnv
  input?: string
  /** Default: 15 seconds. */
  timeoutMs?: number
  /** Default: the Node that runs the tests. */
  node?: string
}

export function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const child = spawn(options.node ?? process.execPath, [LAUNCHER, ...args], {
    cwd: options.cwd,
    env: { ...process.env, PATH, ...options.env },
    stdio: 'pipe',
    timeout: options.timeoutMs ?? DEADLINE_MS,
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  // A command that needs no input may end before it is written.
  child.stdin.on('error', () => {})
  child.stdin.end(options.input ?? '')
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
  })
}
