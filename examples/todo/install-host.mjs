// npm runs this after `npm ci` here. In a checkout of iii-host whose own packages are not installed it installs them: `npm start`
// runs the engine from there, in the Node that comes along with them.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const host = new URL('../../', import.meta.url)
// Only a checkout has the lock file.
const isCheckout = existsSync(new URL('package-lock.json', host)) && existsSync(new URL('bin/iii.mjs', host))

if (isCheckout && !existsSync(new URL('node_modules', host))) {
  console.log('Installing the packages of iii-host …')
  const options = { cwd: fileURLToPath(host), stdio: 'inherit', shell: process.platform === 'win32' }
  process.exitCode = spawnSync('npm', ['ci'], options).status ?? 1
}
