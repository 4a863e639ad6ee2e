// The WebAssembly of the scanner as it is committed, against its source.
import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { CHECK_VALUE_WASM } from '../../../protocol/scanner/check-value.wasm.ts'

describe.each([['check-value', CHECK_VALUE_WASM, 8192]])(
  'the committed WebAssembly of %s',
  (name, committed, limit) => {
    it('is what its source compiles to', async () => {
      const script = new URL('../../../protocol/scanner/build-wasm.mjs', import.meta.url)
      const { compileWat } = (await import(script.href)) as { compileWat(name: string): Promise<Uint8Array> }
      expect(Buffer.from(await compileWat(name)).toString('base64')).toBe(committed)
    })

    it('stays small', async () => {
      const source = await readFile(new URL(`../../../protocol/scanner/${name}.wasm.ts`, import.meta.url), 'utf8')
      expect(source.length).toBeLessThan(limit)
    })
  },
)
