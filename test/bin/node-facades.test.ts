// That imports of Node's modules become statements without an `import`, whatever stands before them.
import { expect, test } from 'vitest'
import { withoutFacades } from '../../bin/node-facades.ts'

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
