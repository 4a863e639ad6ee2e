// The access log: what it says, and a file that may be moved away or be full.
import { execFileSync } from 'node:child_process'
import {
  closeSync,
  constants,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { write, writeSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import path from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openAccessLog } from '../../../../plugins/http/extras/access-log/access-log.ts'
import {
  accessLine,
  accessMembers,
  MAX_SHOWN_CHARACTERS,
  type AccessRecord,
} from '../../../../plugins/http/extras/access-log/access-record.ts'
import { LogFile, LOOK_MS, MAX_WAITING_BYTES } from '../../../../plugins/http/extras/access-log/log-file.ts'
import { remoteAddressOf } from '../../../../plugins/http/extras/access-log/remote-address.ts'
import { ManualClock } from '../../../../testing/index.ts'
import { collectingLog } from '../../../support/collecting-log.ts'
import { tempFolder } from '../../../support/temp-folder.ts'

const RECORD: AccessRecord = {
  time: Date.UTC(2026, 10, 29, 14, 3, 5),
  method: 'GET',
  route: '/users/:id',
  path: '/users/42',
  status: 200,
  bytes: 17,
  durationMs: 1.23456,
  requestId: 'abc',
  remoteAddress: '127.0.0.1',
  userAgent: 'curl/8',
  errorId: undefined,
}

describe('a line', () => {
  it('is JSON', () => {
    const line = accessLine(RECORD, 'json')
    expect(line.endsWith('\n')).toBe(true)
    expect(JSON.parse(line)).toEqual({
      time: '2026-11-29T14:03:05.000Z',
      method: 'GET',
      route: '/users/:id',
      path: '/users/42',
      status: 200,
      bytes: 17,
      duration_ms: 1.235,
      request_id: 'abc',
      remote_address: '127.0.0.1',
      user_agent: 'curl/8',
    })
  })

  it('is in the common format of web servers', () => {
    expect(accessLine(RECORD, 'common')).toBe(
      '127.0.0.1 - - [29/Nov/2026:14:03:05 +0000] "GET /users/42 HTTP/1.1" 200 17\n',
    )
    expect(accessLine({ ...RECORD, remoteAddress: undefined, bytes: 0 }, 'common')).toMatch(/^- - - .* 200 -\n$/)
  })

  it('is one line, whatever clients send', () => {
    const record = { ...RECORD, path: '/a"b\\\nä', userAgent: 'x\r\ny' }
    expect(accessLine(record, 'common')).toContain('"GET /a\\x22b\\x5c\\x0a\\xe4 HTTP/1.1"')
    expect(accessLine(record, 'json').split('\n')).toHaveLength(2)
  })

  it('is not made long by clients', () => {
    const long = 'x'.repeat(MAX_SHOWN_CHARACTERS + 1)
    const { path, user_agent } = accessMembers({ ...RECORD, path: long, userAgent: long })
    expect(path).toBe(`${long.slice(1)}…`)
    expect(user_agent).toBe(`${long.slice(1)}…`)
  })
})

describe('the address of a client', () => {
  const request = (forwarded?: string) =>
    ({ headers: { 'x-forwarded-for': forwarded }, socket: { remoteAddress: '10.0.0.1' } }) as unknown as IncomingMessage

  it('is that of its connection', () => {
    expect(remoteAddressOf(request('1.2.3.4'), false)).toBe('10.0.0.1')
    expect(remoteAddressOf(request(), true)).toBe('10.0.0.1')
  })

  it('is what the proxy has seen, not what the client claims', () => {
    expect(remoteAddressOf(request('6.6.6.6, 1.2.3.4'), true)).toBe('1.2.3.4')
    expect(remoteAddressOf(request('[2001:db8::1]:443'), true)).toBe('[2001:db8::1]:443')
  })

  it.each(['', ' ', 'a b', '"', 'x'.repeat(65), '1.2.3.4,'])('is that of the connection for %j', (forwarded) => {
    expect(remoteAddressOf(request(forwarded), true)).toBe('10.0.0.1')
  })
})

describe('in the engine’s log', () => {
  it('is a record of each request', async () => {
    const log = collectingLog()
    const { lines } = log
    const accessLog = await openAccessLog({ file: undefined, format: 'json' }, { log, projectRoot: '/' })
    accessLog.record(RECORD)
    accessLog.record({ ...RECORD, status: 0 })
    await accessLog.close()
    expect(lines.map(({ level, message }) => [level, message])).toEqual([
      ['info', 'GET /users/42 200'],
      ['info', 'GET /users/42 gone'],
    ])
    expect(lines[0]!.data).toEqual(accessMembers(RECORD))
  })
})

describe('a file', () => {
  const open = async (file: string, more: Partial<Parameters<typeof LogFile.open>[0]> = {}) => {
    const warnings: string[] = []
    const logFile = await LogFile.open({ path: file, warn: (message) => warnings.push(message), ...more })
    onTestFinished(() => logFile.close())
    return { logFile, warnings }
  }

  it('gets a line for each request, in a folder that need not be there, and is added to', async () => {
    const folder = tempFolder()
    for (const path of ['/a', '/b']) {
      const accessLog = await openAccessLog(
        { file: 'logs/access.log', format: 'json' },
        { log: collectingLog(), projectRoot: folder, clock: new ManualClock(RECORD.time) },
      )
      accessLog.record({ ...RECORD, path })
      await accessLog.close()
    }
    const file = path.join(folder, 'logs/access.log')
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
    expect(lines.map((line) => (JSON.parse(line) as { path: string }).path)).toEqual(['/a', '/b'])
    expect(statSync(file).mode & 0o007).toBe(0)
  })

  it('that can not be opened is told with its name', async () => {
    const folder = tempFolder()
    writeFileSync(path.join(folder, 'file'), '')
    await expect(open(path.join(folder, 'file/access.log'))).rejects.toThrow(
      `the file ${path.join(folder, 'file/access.log')} can not be written: `,
    )
  })

  it.skipIf(process.platform === 'win32')(
    'that is a named pipe nobody reads is told at once (needs POSIX)',
    async () => {
      const pipe = path.join(tempFolder(), 'pipe')
      execFileSync('mkfifo', [pipe])
      await expect(open(pipe)).rejects.toThrow('it is a named pipe, or a socket, that nobody reads')
      const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK)
      const { logFile } = await open(pipe)
      logFile.write('1\n')
      await logFile.close()
      const read = Buffer.alloc(10)
      expect(read.toString('utf8', 0, readSync(reader, read))).toBe('1\n')
      closeSync(reader)
    },
  )

  it.each(['moved', 'removed'])('that was %s is opened anew', async (what) => {
    const folder = tempFolder()
    const file = path.join(folder, 'access.log')
    const clock = new ManualClock()
    const { logFile, warnings } = await open(file, { clock })
    logFile.write('1\n')
    await logFile.look()
    if (what === 'moved') renameSync(file, `${file}.1`)
    else rmSync(file)
    logFile.write('2\n')
    await clock.pass(LOOK_MS)
    await logFile.look()
    logFile.write('3\n')
    await logFile.close()
    expect(readFileSync(file, 'utf8')).toBe('3\n')
    if (what === 'moved') expect(readFileSync(`${file}.1`, 'utf8')).toBe('1\n2\n')
    expect(warnings).toEqual([])
  })

  it('that can not be opened anew is told, and goes on as it is', async () => {
    const folder = tempFolder()
    const file = path.join(folder, 'logs', 'access.log')
    const { logFile, warnings } = await open(file)
    renameSync(path.join(folder, 'logs'), path.join(folder, 'old'))
    logFile.write('1\n')
    await logFile.look()
    expect(warnings).toEqual([expect.stringContaining('was moved and can not be opened anew')])
    await logFile.close()
    expect(readFileSync(path.join(folder, 'old', 'access.log'), 'utf8')).toBe('1\n')
  })

  it('on a full disk drops lines and says how many', async () => {
    const file = path.join(tempFolder(), 'access.log')
    const clock = new ManualClock()
    let isFull = true
    const full = Object.assign(new Error('no space left'), { code: 'ENOSPC' })
    const disk = {
      write(fd: number, bytes: Buffer, done: (error: NodeJS.ErrnoException | null, written: number) => void) {
        if (isFull) done(full, 0)
        else write(fd, bytes, done)
      },
      writeSync,
    }
    const { logFile, warnings } = await open(file, { clock, file: disk })
    const line = `${'x'.repeat(1024 * 1024 - 1)}\n`
    const room = MAX_WAITING_BYTES / line.length
    for (let count = 0; count < room + 3; count++) logFile.write(line)
    expect(warnings).toEqual([expect.stringContaining(`${file} can not be written`)])
    isFull = false
    await clock.pass(500)
    await expect.poll(() => readFileSync(file, 'utf8').slice(-100)).toContain('dropped_lines')
    logFile.write('last\n')
    await logFile.close()
    const text = readFileSync(file, 'utf8')
    expect(text).toContain('{"dropped_lines":3,"reason":"ENOSPC"}\n')
    expect(text.endsWith('last\n')).toBe(true)
  })

  it('that is closed while its disk is full writes nothing any more', async () => {
    const file = path.join(tempFolder(), 'access.log')
    const clock = new ManualClock()
    const writes: number[] = []
    const disk = {
      write(fd: number, _bytes: Buffer, done: (error: NodeJS.ErrnoException | null, written: number) => void) {
        writes.push(fd)
        done(Object.assign(new Error('no space left'), { code: 'ENOSPC' }), 0)
      },
      writeSync,
    }
    const { logFile } = await open(file, { clock, file: disk, lastMs: 1 })
    logFile.write('1\n')
    expect(writes).toHaveLength(1)
    await logFile.close()
    await clock.pass(500)
    expect(writes).toHaveLength(1)
  })
})
