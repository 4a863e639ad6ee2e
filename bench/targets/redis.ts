// A Redis server on a free port, with every write in its append-only file, in the folder given. Ends with its parent.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { freePort } from '../free-port.ts'
import { announce } from './announce.ts'

const [folder = ''] = process.argv.slice(2)
const port = await freePort()
const settings = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'yes']
const server = spawn('redis-server', settings, { stdio: ['ignore', 'pipe', 'inherit'] })
server.once('exit', () => process.exit(1))
process.once('exit', () => server.kill('SIGKILL'))
process.once('SIGTERM', () => process.exit(0))
createInterface({ input: server.stdout }).on('line', (line) => {
  if (line.includes('Ready to accept connections')) announce(`redis://127.0.0.1:${port}`)
})
