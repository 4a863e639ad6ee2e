import { expect, it } from 'vitest'
import { ignoresHangup, type SystemFiles } from '../../bin/hangup.mjs'

/** Files of /proc by the end of their path. */
function system(files: Record<string, string>): SystemFiles {
  const read = (path: string): string => Object.entries(files).find(([name]) => path.endsWith(name))?.[1] ?? ''
  return { read, target: read }
}

it.each([
  ['a shell that names nohup as what it has started', { _: '/usr/bin/nohup' }, {}, true],
  ['a shell that names something else', { _: '/usr/bin/node' }, {}, false],
  ['nothing at all', {}, {}, false],
  ['the user, who says so', { III_SIGHUP: 'ignore' }, {}, true],
  ['the user, who says that it ends', { III_SIGHUP: 'end', _: '/usr/bin/nohup' }, {}, false],
  ['the standard input that nohup makes', {}, { 'fdinfo/0': 'pos:\t0\nflags:\t0100001\n', 'fd/0': '/dev/null' }, true],
  ['a standard input that is empty', {}, { 'fdinfo/0': 'pos:\t0\nflags:\t0100000\n', 'fd/0': '/dev/null' }, false],
  ['a standard input for writing to a file', {}, { 'fdinfo/0': 'flags:\t0100001\n', 'fd/0': '/tmp/out' }, false],
  ['a parent that ignores it', {}, { status: 'SigBlk:\t0000\nSigIgn:\t0000000000001001\n' }, true],
  ['a parent that ignores others', {}, { status: 'SigBlk:\t0001\nSigIgn:\t0000000000001002\n' }, false],
])('goes by %s', (_what, env, files, ignored) => {
  expect(ignoresHangup(env, system(files as Record<string, string>))).toBe(ignored)
})
