// That imports of Node's modules become statements without an `import`, whatever stands before them, and that modules which packages use late are
// loaded late.
import { build } from 'esbuild'
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { nodeModules, withoutFacades } from '../../bin/node-facades.ts'
import { tempFolder } from '../support/temp-folder.ts'

test('an import is taken from the module itself, also behind other uses of the word', () => {
  const code = [
    'function f(){return import.meta.url}import*as path from"iii-built-in:node:path";',
    'function g(){return import(f())}import os,{cpus as all}from"iii-built-in:node:os";',
  ].join('')
  const [taken, rest] = withoutFacades(code).split(/(?<=;)(?=function)/)
  expect(taken).toBe(
    'var path=process.getBuiltinModule("node:path");var os=process.getBuiltinModule("node:os");var {cpus:all}=process.getBuiltinModule("node:os");',
  )
  expect(rest?.replace(/ +/g, ' ')).toBe('function f(){return import.meta.url} function g(){return import(f())} ')
})

test.each([
  [
    'assert',
    `assert(1 === 1); assert.equal(1, 1); try { assert(false) } catch ({ code }) { return code }`,
    'ERR_ASSERTION',
  ],
  ['node:assert', `assert.default.ok(true); return typeof assert.default.strictEqual`, 'function'],
  ['https', `return https.globalAgent.protocol`, 'https:'],
  ['tls', `return tls.DEFAULT_MAX_VERSION`, 'TLSv1.3'],
  ['zlib', `return zlib.inflateRawSync(zlib.deflateRawSync('text')).toString()`, 'text'],
])('%s is loaded by the first use of what a package has asked for', async (module, use, result) => {
  const name = module.replace('node:', '')
  const asked = `require('${module}')`
  const compiled = await compile(
    `const ${name} = ${module === name ? asked : `(mod => (mod && mod.__esModule) ? mod : { default: mod })(${asked})`}
     exports.use = () => { ${use} }`,
  )
  const loaded = `process.moduleLoadList.includes('NativeModule ${name}')`
  const code = `const { default: { use } } = await import(process.argv[1]); console.log(JSON.stringify([${loaded}, use(), ${loaded}]))`
  const printed = execFileSync(process.execPath, ['--input-type=module', '-e', code, compiled], { encoding: 'utf8' })
  expect(JSON.parse(printed)).toEqual([false, result, true])
})

test('what is asked for in another way than compiled files do is not left as it is', () => {
  expect(() => withoutFacades('var zlib=other("iii-late:zlib");')).toThrow('iii-late:')
})

/** One file, as the engine is compiled. */
async function compile(source: string): Promise<string> {
  const folder = tempFolder()
  writeFileSync(join(folder, 'package.cjs'), source)
  const { outputFiles } = await build({
    stdin: { contents: `export { default } from './package.cjs'`, resolveDir: folder },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    minifyWhitespace: true,
    banner: { js: `const require = process.getBuiltinModule('node:module').createRequire(import.meta.url);` },
    plugins: [nodeModules],
  })
  const file = join(folder, 'compiled.mjs')
  writeFileSync(file, withoutFacades(outputFiles[0]!.text))
  return file
}
