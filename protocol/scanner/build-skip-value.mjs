// Compiles skip-value.wat into skip-value.wasm.ts. Run by hand after a change of the source: `node protocol/scanner/build-skip-value.mjs`.
// A test holds the committed file against a fresh compile, so the engine itself needs no WebAssembly tools.
import { readFile, writeFile } from 'node:fs/promises'
import wabt from 'wabt'

const source = new URL('./skip-value.wat', import.meta.url)
const target = new URL('./skip-value.wasm.ts', import.meta.url)

/** @returns {Promise<Uint8Array>} the module compiled from the WAT beside this file */
export async function compileSkipValue() {
  const { parseWat } = await wabt()
  const module = parseWat('skip-value.wat', await readFile(source, 'utf8'), { simd: true, relaxed_simd: true })
  try {
    return module.toBinary({}).buffer
  } finally {
    module.destroy()
  }
}

if (import.meta.main) {
  const binary = await compileSkipValue()
  const lines = Buffer.from(binary)
    .toString('base64')
    .match(/.{1,120}/g)
    .map((line) => `  '${line}',`)
  await writeFile(
    target,
    `// Generated from skip-value.wat by build-skip-value.mjs; do not edit. ${binary.length} bytes of WebAssembly.\n` +
      `export const SKIP_VALUE_WASM = [\n${lines.join('\n')}\n].join('')\n`,
  )
}
