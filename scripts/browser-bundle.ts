// How the SDK of pages becomes one file: for the package, and for the tests that measure and load it.
import { fileURLToPath } from 'node:url'
import type { BuildOptions } from 'esbuild'

export const BROWSER_BUNDLE = {
  entryPoints: [fileURLToPath(new URL('../sdk/browser.ts', import.meta.url))],
  bundle: true,
  platform: 'browser',
  format: 'esm',
  target: 'es2022',
  minify: true,
} satisfies BuildOptions
