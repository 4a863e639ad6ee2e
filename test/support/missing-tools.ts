// Says at the end of a run which tests this machine could not run, why, and what to do about it.
import { spawnSync } from 'node:child_process'
import { findOldNode } from '../bin/old-node.ts'

const TOOLS = [
  {
    isThere: () => answers('redis-server', '--version'),
    skipped:
      'Tests of Redis were skipped: there is no redis-server. Install it (apt-get install redis-server, brew install redis).',
  },
  {
    isThere: () => answers('openssl', 'version'),
    skipped: 'Tests of TLS were skipped: there is no openssl. Install it (apt-get install openssl).',
  },
  {
    isThere: () => findOldNode() !== undefined,
    skipped:
      'Tests of the launcher with an old Node were skipped: there is none from 18 to 23. Name one: III_TEST_OLD_NODE=/path/to/node.',
  },
  {
    isThere: () => process.platform === 'linux',
    skipped: 'Tests of what a process costs were skipped: they read /proc, which only Linux has.',
  },
]

export function teardown(): void {
  for (const { isThere, skipped } of TOOLS) if (!isThere()) console.log(skipped)
}

function answers(command: string, argument: string): boolean {
  return spawnSync(command, [argument]).status === 0
}
