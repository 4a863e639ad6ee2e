// Compiles the .wat files into the .wasm.ts files beside them. Run by hand after a change of a source: `node protocol/scanner/build-wasm.mjs`.
// A test holds the committed files against a fresh compile, so the engine itself needs no WebAssembly tools.
import { readFile, writeFile } from 'node:fs/promises'
import wabt from 'wabt'

const NAMES = ['check-value']

/** @param {string} name @returns {Promise<Uint8Array>} the module compiled from the WAT of that name */
export async function compileWat(name) {
  const { parseWat } = await wabt()
  const source = await readFile(new URL(`./${name}.wat`, import.meta.url), 'utf8')
  const module = parseWat(`${name}.wat`, source, { simd: true, relaxed_simd: true })
  try {
    return module.toBinary({}).buffer
  } finally {
    module.destroy()
  }
}

if (import.meta.main) {
  for (const name of NAMES) {
    const binary = await compileWat(name)
    const lines = Buffer.from(binary)
      .toString('base64')
      .match(/.{1,120}/g)
      .map((line) => `  '${line}',`)
    await writeFile(
      new URL(`./${name}.wasm.ts`, import.meta.url),
      `// Generated from ${name}.wat by build-wasm.mjs; do not edit. ${binary.length} bytes of WebAssembly.\n` +
        `export const ${name.replaceAll('-', '_').toUpperCase()}_WASM = [\n${lines.join('\n')}\n].join('')\n`,
    )
  }
}
