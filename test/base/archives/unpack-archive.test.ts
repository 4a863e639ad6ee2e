import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import * as fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ArchiveError } from '../../../base/archives/archive-error.ts'
import { unpackArchive, type ArchiveLimits } from '../../../base/archives/unpack-archive.ts'
import { paxRecords, rawEntry, rawTar, rawTarGz, type RawEntry } from '../../support/raw-tar.ts'
import { tempFolder } from '../../support/temp-folder.ts'

const LIMITS: ArchiveLimits = { entries: 20, totalBytes: 8192, fileBytes: 4096, depth: 4, ratio: 100 }

/** Unpacks into a folder among others, of which nothing may change. */
async function unpack(archive: Uint8Array, limits = LIMITS) {
  const around = tempFolder()
  const file = path.join(around, 'archive')
  writeFileSync(file, archive)
  mkdirSync(path.join(around, 'sibling'))
  const folder = path.join(around, 'package')
  try {
    const files = await unpackArchive({ archive: file, folder, limits })
    return { folder, files, error: undefined }
  } catch (error) {
    return { folder, files: undefined, error: error as Error }
  } finally {
    expect(
      readdirSync(around)
        .filter((name) => name !== 'package')
        .sort(),
    ).toEqual(['archive', 'sibling'])
    expect(readdirSync(path.join(around, 'sibling'))).toEqual([])
  }
}

const unpackEntries = (...parts: readonly (RawEntry | Buffer)[]) => unpack(rawTarGz(...parts))

describe('an archive of files and folders', () => {
  it('is unpacked as it is, with folders that no entry names', async () => {
    const { folder, files } = await unpackEntries(
      { name: './' },
      { name: './a.txt', content: 'one' },
      { name: 'deep/er/b.bin', content: Buffer.alloc(600, 7) },
      { name: 'empty/' },
      { name: 'none', content: '' },
    )
    expect(files).toEqual([
      { path: 'a.txt', size: 3 },
      { path: 'deep/er/b.bin', size: 600 },
      { path: 'none', size: 0 },
    ])
    expect(readdirSync(folder, { recursive: true }).sort()).toEqual([
      'a.txt',
      'deep',
      'deep/er',
      'deep/er/b.bin',
      'empty',
      'none',
    ])
    expect(readFileSync(path.join(folder, 'deep/er/b.bin'))).toEqual(Buffer.alloc(600, 7))
  })

  it('keeps of rights that a file may be executed, and nothing else', async () => {
    const mask = process.umask(0o022)
    onTestFinished(() => void process.umask(mask))
    const { folder } = await unpackEntries(
      { name: 'run', mode: 0o6777 },
      { name: 'read', mode: 0o666 },
      { name: 'none', mode: 0 },
      { name: 'open/', mode: 0o1777 },
    )
    const modes = ['run', 'read', 'none', 'open'].map((name) => statSync(path.join(folder, name)).mode & 0o7777)
    expect(modes).toEqual([0o755, 0o644, 0o644, 0o755])
  })

  it('may have long names, in both ways of writing them, and times and comments in records', async () => {
    const long = `${'d'.repeat(90)}/${'f'.repeat(90)}`
    const { files } = await unpackEntries(
      paxRecords({ comment: 'of git' }, 'g'),
      paxRecords({ path: long, mtime: '1.5', 'SCHILY.xattr.user.a': 'b' }),
      { name: 'short', content: 'x' },
      { name: '././@LongLink', flag: 'L', content: `${long}2\0`, magic: 'ustar  \0' },
      { name: 'short', content: 'yy', magic: 'ustar  \0' },
      { name: 'name', prefix: 'of/posix', content: 'zzz' },
    )
    expect(files).toEqual([
      { path: long, size: 1 },
      { path: `${long}2`, size: 2 },
      { path: 'of/posix/name', size: 3 },
    ])
  })

  it.each(['gnu', 'ustar', 'pax'])('is read as tar writes it: --format=%s', async (format) => {
    const source = tempFolder()
    mkdirSync(path.join(source, 'src'))
    const long = 'n'.repeat(80)
    writeFileSync(path.join(source, 'src', `${long}.js`), 'console.log(1)')
    writeFileSync(path.join(source, 'ünïcode'), 'ü')
    const archive = execFileSync('tar', ['-cz', `--format=${format}`, '.'], { cwd: source })
    const { folder, files } = await unpack(archive)
    expect(files?.map((file) => file.path).sort()).toEqual([`src/${long}.js`, 'ünïcode'])
    expect(readFileSync(path.join(folder, 'ünïcode'), 'utf8')).toBe('ü')
  })

  it('may come in several parts of gzip, as some tools write them', async () => {
    const whole = rawTar({ name: 'a', content: 'x'.repeat(700) })
    const { files } = await unpack(Buffer.concat([gzipSync(whole.subarray(0, 600)), gzipSync(whole.subarray(600))]))
    expect(files).toEqual([{ path: 'a', size: 700 }])
  })
})

describe('what is refused, with nothing written elsewhere', () => {
  it.each<[what: string, reason: string, ...parts: (RawEntry | Buffer)[]]>([
    ['a path out of the folder', 'leads out of the folder', { name: '../x' }],
    ['a path out of it on the way', 'leads out of the folder', { name: 'a/../../x' }],
    ['a way up that comes back', 'leads out of the folder', { name: 'a/../b' }],
    ['an absolute path', 'has an absolute path', { name: '/etc/x' }],
    ['a path of Windows', 'has a backslash', { name: '..\\x' }],
    ['a drive', 'has a colon', { name: 'C:x' }],
    ['a stream of a file', 'has a colon', { name: 'a:b' }],
    ['a device of Windows', 'has the name of a device', { name: 'a/NUL.txt' }],
    ['a name that Windows shortens', 'ends in a dot or a space', { name: 'a. ' }],
    ['an empty step', 'has an empty step', { name: 'a//b' }],
    ['a dot as a step', 'has an empty step', { name: 'a/./b' }],
    ['a control character', 'has control characters', { name: 'a\u001b[2J' }],
    ['a line break', 'has control characters', { name: 'a\nb' }],
    ['letters that turn around', 'has control characters', { name: 'a\u202etxt.exe' }],
    [
      'bytes that are no text',
      'has control characters',
      { name: 'r', flag: 'x', content: Buffer.from('9 path=\xff\n', 'latin1') },
      { name: 'good' },
    ],
    ['no name', 'has no name', { name: '' }],
    [
      'a name of too many bytes',
      'has a name of more than 255 bytes',
      paxRecords({ path: 'n'.repeat(300) }),
      { name: 'x' },
    ],
    [
      'a path of too many bytes',
      'has a path of more than 1024 bytes',
      paxRecords({ path: 'n/'.repeat(600) }),
      { name: 'x' },
    ],
    ['a path that is too deep', 'is more than 4 folders deep', { name: 'a/b/c/d/e' }],
    ['a symbolic link', 'is a symbolic link', { name: 'l', flag: '2', link: '/etc/passwd' }],
    ['a hard link', 'is a hard link', { name: 'l', flag: '1', link: '/etc/passwd' }],
    [
      'a link with a long target',
      'is a symbolic link',
      { name: '././@LongLink', flag: 'K', content: '/etc\0', magic: 'ustar  \0' },
      { name: 'l', flag: '2', link: 'x', magic: 'ustar  \0' },
    ],
    ['a character device', 'is a device', { name: 'd', flag: '3' }],
    ['a block device', 'is a device', { name: 'd', flag: '4' }],
    ['a pipe', 'is a pipe', { name: 'p', flag: '6' }],
    ['a contiguous file', 'is neither a file nor a folder', { name: 'c', flag: '7' }],
    ['a sparse file of GNU', 'is neither a file nor a folder', { name: 's', flag: 'S', magic: 'ustar  \0' }],
    ['a sparse file in records', 'is a sparse file', paxRecords({ 'GNU.sparse.major': '1' }), { name: 's' }],
    ['a volume label', 'is neither a file nor a folder', { name: 'v', flag: 'V' }],
    ['a folder with content', 'is a folder with content', { name: 'f/', content: 'x' }],
    ['a file twice', 'is there twice', { name: 'a' }, { name: './a' }],
    ['a file below a file', 'as a file and as a folder', { name: 'a' }, { name: 'a/b' }],
    ['a file in the place of a folder', 'as a file and as a folder', { name: 'a/b' }, { name: 'a' }],
    ['two names that differ in case alone', 'is the same file as "a"', { name: 'a' }, { name: 'A' }],
    ['two folders that do', 'is the same file as "a"', { name: 'a/x' }, { name: 'A/y' }],
    ['two compositions of one letter', 'is the same file as', { name: 'é' }, { name: 'e\u0301' }],
    ['a path in records out of the folder', 'leads out of the folder', paxRecords({ path: '../x' }), { name: 'good' }],
    ['a NUL in the path of records', 'has a NUL', paxRecords({ path: 'a\0b' }), { name: 'good' }],
    [
      'a link that records make good',
      'is a symbolic link',
      paxRecords({ path: 'good', linkpath: '/etc' }),
      { name: 'l', flag: '2' },
    ],
    [
      'a size in records that is none',
      'has a size that is no number',
      paxRecords({ size: '-5' }),
      { name: 'a', content: 'x' },
    ],
    ['a size in records that is nonsense', 'has a size that is no number', paxRecords({ size: 'many' }), { name: 'a' }],
    [
      'a size that is negative',
      'has a size that is no number',
      { name: 'a', size: Buffer.alloc(12, 0xff).fill(0xfe, 11) },
    ],
    ['more than a file may have', 'is longer than 4096 bytes', { name: 'a', content: Buffer.alloc(4097) }],
    ['more than a file may have, by the header alone', 'is longer than 4096 bytes', { name: 'a', size: 2 ** 32 }],
    [
      'more than all may have',
      'holds more than 8192 bytes',
      ...[1, 2, 3].map((n) => ({ name: `${n}`, content: Buffer.alloc(4000) })),
    ],
    ['too many entries', 'has more than 20 entries', ...Array.from({ length: 21 }, (_, n) => ({ name: `f${n}` }))],
    [
      'too many folders that no entry names',
      'folders',
      ...Array.from({ length: 19 }, (_, n) => ({ name: `${n}/a/b/c` })),
    ],
    ['a wrong checksum', 'is no tar archive', { name: 'a', wrongBy: 1 }],
    ['no magic', 'is no tar archive', { name: 'a', magic: '' }],
    ['bytes behind the end mark', 'is no tar archive', { name: 'a' }, Buffer.alloc(1024), Buffer.alloc(512, 'x')],
  ])('%s', async (_what, reason, ...parts) => {
    const { error } = await unpackEntries(...parts)
    expect(error).toBeInstanceOf(ArchiveError)
    expect(error?.message).toContain(reason)
  })

  it('an entry behind the end mark that breaks a rule', async () => {
    const { error } = await unpack(gzipSync(Buffer.concat([rawTar({ name: 'a' }), rawTar({ name: '../b' })])))
    expect(error?.message).toContain('leads out of the folder')
  })

  const good = rawTarGz({ name: 'a', content: 'content' })
  it.each([
    ['no gzip at all', Buffer.from('hello'), 'is no gzip file'],
    ['nothing', Buffer.alloc(0), 'breaks off'],
    ['the first half', good.subarray(0, good.length / 2), 'breaks off before its end'],
    ['all but the checksum', good.subarray(0, -8), 'breaks off before its end'],
    ['another checksum', Buffer.concat([good.subarray(0, -8), Buffer.alloc(8)]), 'is no gzip file, or a damaged one'],
    ['bytes behind it', Buffer.concat([good, Buffer.from('and more')]), 'is no gzip file, or a damaged one'],
    ['zeros behind it', Buffer.concat([good, Buffer.alloc(64)]), 'goes on behind its end'],
    [
      'a tar that breaks off',
      gzipSync(rawEntry({ name: 'a', content: 'x'.repeat(600) }).subarray(0, 900)),
      'breaks off before its end',
    ],
    ['a header that breaks off', gzipSync(rawTar({ name: 'a' }).subarray(0, 300)), 'breaks off before its end'],
    ['text that was compressed', gzipSync('x'.repeat(2000)), 'is no tar archive'],
  ])('a file that is %s', async (_what, archive, reason) => {
    const { error } = await unpack(archive)
    expect(error).toBeInstanceOf(ArchiveError)
    expect(error?.message).toContain(reason)
  })

  it('a bomb, before it is written', async () => {
    const limits = { ...LIMITS, fileBytes: 2 ** 30, totalBytes: 2 ** 30 }
    const { error, folder } = await unpack(rawTarGz({ name: 'zeros', content: Buffer.alloc(8 * 2 ** 20) }), limits)
    expect(error?.message).toContain('unpacks to more than 100 times its size')
    expect(statSync(path.join(folder, 'zeros')).size).toBeLessThan(1.5 * 2 ** 20)
  })

  it('records without end', async () => {
    const limits = { ...LIMITS, ratio: 1e9 }
    const content = Buffer.alloc(4 * 2 ** 20, 'x')
    const { error } = await unpack(rawTarGz({ name: 'r', flag: 'x', content }, { name: 'a' }), limits)
    expect(error?.message).toMatch(/unpacks to more than \d+ bytes/)
  })

  it('names what was wrong without what a terminal would act on', async () => {
    const { error } = await unpackEntries({ name: '../\u001b[31m' })
    expect(error?.message).toBe(String.raw`the entry "../\u001b[31m" has control characters in its name`)
  })
})

it('whatever an archive holds, it ends, and writes nothing outside its folder', async () => {
  const name = fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.constantFrom('..', '../x', '/x', 'a/b', 'a/../../b', './', 'C:\\x', 'a\0b'),
  )
  const entry = fc.record(
    {
      name,
      content: fc.string({ maxLength: 700 }),
      flag: fc.constantFrom('0', '1', '2', '5', 'x', 'g', 'L', 'K', 'S', '\0', '9'),
      size: fc.oneof(fc.nat(5000), fc.uint8Array({ minLength: 12, maxLength: 12 })),
      link: name,
      mode: fc.nat(0o7777),
    },
    { requiredKeys: ['name'] },
  )
  await fc.assert(
    fc.asyncProperty(fc.array(entry, { maxLength: 5 }), fc.nat(40), fc.nat(255), async (entries, at, byte) => {
      const tar = rawTar(...entries)
      tar[Math.floor((at / 41) * tar.length)] = byte
      const { error } = await unpack(gzipSync(tar))
      if (error !== undefined) expect(error).toBeInstanceOf(ArchiveError)
    }),
    { numRuns: 150 },
  )
})
