// Packages come to their places whole, whoever else is on the way to the same one.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { ArtifactFolders } from '../../../../plugins/worker-ops/install/artifact-folders.ts'
import { tempFolder } from '../../../support/temp-folder.ts'

it('a version that several put in its place at the same time is there whole, and nothing beside it', async () => {
  const workersDir = tempFolder()
  const put = (version: string): Promise<void> => {
    const folders = new ArtifactFolders(workersDir)
    return folders.staged('w', async (folder) => {
      const made = join(folder, 'package')
      mkdirSync(made)
      writeFileSync(join(made, 'file'), version)
      await (await folders.put('w', version, made)).keep()
    })
  }
  const versions = Array.from({ length: 20 }, (_, number) => `1.0.${number}`)
  for (const version of versions) await Promise.all(Array.from({ length: 4 }, () => put(version)))
  expect(readdirSync(join(workersDir, 'w')).sort()).toEqual(versions.sort())
  for (const version of versions) expect(readFileSync(join(workersDir, 'w', version, 'file'), 'utf8')).toBe(version)
})
