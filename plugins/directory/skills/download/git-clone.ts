// Fetches one branch of a git repository into a folder, without history, questions and anything else that git might be led to do.
import { rm } from 'node:fs/promises'
import path from 'node:path'
import type { Clock } from '../../../../base/time/clock.ts'
import { settlesWithin } from '../../../../base/time/deadline.ts'
import type { PluginProcesses } from '../../../../sdk/plugin.ts'
import { directoryError } from '../../files/directory-error.ts'
import { type RepoSource, withoutSecret } from './request.ts'

export interface CloneDeps {
  readonly processes: PluginProcesses
  readonly clock: Clock
  readonly timeoutMs: number
}

/** Lines of git that an error shows. */
const MAX_LINES = 4
const MAX_LINE_CHARACTERS = 300

/** Asks for nothing, runs nothing that the repository brings, and fetches by these protocols alone, wherever it is sent on to. */
const ENV = {
  GIT_TERMINAL_PROMPT: '0',
  GIT_ASKPASS: '',
  SSH_ASKPASS: '',
  GCM_INTERACTIVE: 'never',
  GIT_SSH_COMMAND: 'ssh -oBatchMode=yes',
  GIT_ALLOW_PROTOCOL: 'http:https:ssh:file',
  GIT_LFS_SKIP_SMUDGE: '1',
  LC_ALL: 'C',
}
const SETTINGS = ['-c', 'core.hooksPath=/dev/null', '-c', 'core.fsmonitor=false', '-c', 'advice.detachedHead=false']
const OPTIONS = ['--quiet', '--depth=1', '--single-branch', '--no-tags', '--no-recurse-submodules', '--template=']

/** @param folder that does not exist yet, absolute @throws CodedError `D320` */
export async function cloneBranch({ repo, branch }: RepoSource, folder: string, deps: CloneDeps): Promise<void> {
  const shown = withoutSecret(repo)
  const lines: string[] = []
  const git = await deps.processes
    .start({
      command: 'git',
      args: [...SETTINGS, 'clone', ...OPTIONS, `--branch=${branch}`, '--', repo, folder],
      cwd: path.dirname(folder),
      env: ENV,
      name: `git clone ${shown}`,
      onLine(line) {
        lines.push(line.replaceAll(repo, shown).slice(0, MAX_LINE_CHARACTERS))
        if (lines.length > MAX_LINES) lines.shift()
      },
    })
    .catch((cause: Error) => {
      throw directoryError('D320', `git can't be started: ${cause.message}`, {
        next: ['install git on the machine of the engine', 'download from a registry'],
        cause,
      })
    })
  if (!(await settlesWithin(git.exited, deps.timeoutMs, deps.clock))) {
    await git.stop({ graceMs: 0 })
    throw directoryError('D320', `${shown} has not answered within ${deps.timeoutMs} ms`, {
      next: ['try again later', 'set download_timeout_ms of iii-directory higher'],
    })
  }
  const { code, signal } = await git.exited
  if (code === 0) return
  await rm(folder, { recursive: true, force: true }).catch(() => {})
  const said = lines.join(' ').trim() || (signal === null ? `exit code ${code}` : signal)
  throw directoryError('D320', `the branch '${branch}' of ${shown} can't be fetched: ${said.replace(/\.$/, '')}`, {
    next: ['check the URL and the name of the branch, and that the engine may read the repository'],
  })
}
