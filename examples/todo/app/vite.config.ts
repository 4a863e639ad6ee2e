// The page: its dev server (`npm run dev`), its production build (`npm run build`) and what serves that (`npm run preview`).
import react from '@vitejs/plugin-react'
import { existsSync, realpathSync } from 'node:fs'
import path from 'node:path'
import { defineConfig, type Plugin } from 'vite'

const { PAGE_HOST = '127.0.0.1', PAGE_PORT = '5173', PREVIEW_PORT = '4173', PUBLIC_PORT = '3111' } = process.env
const publicUrl = process.env['III_PUBLIC_URL'] ?? `ws://localhost:${PUBLIC_PORT}`

const example = realpathSync(path.resolve(import.meta.dirname, '..'))
/** The sources of the SDK where this folder lies in a checkout of iii-host; elsewhere the installed package has it. */
const sources = path.resolve(example, '../../sdk/browser.ts')
const isCheckout = existsSync(sources)
/** What the SDK is made of, for the dev server to hand out; the rest of the checkout is nobody's business. */
const folders = isCheckout
  ? ['base', 'protocol', 'sdk'].map((name) => realpathSync(path.resolve(example, '../..', name)))
  : []

export default defineConfig({
  plugins: [react(), withPublicUrl(publicUrl)],
  // The tutorial's name for the SDK of pages. Of `iii-browser-sdk/stream` the page imports types only.
  resolve: { alias: [{ find: /^iii-browser-sdk$/, replacement: isCheckout ? sources : 'iii-host/browser' }] },
  server: {
    host: PAGE_HOST,
    port: Number(PAGE_PORT),
    strictPort: true,
    fs: { allow: [example, ...folders] },
  },
  preview: { host: PAGE_HOST, port: Number(PREVIEW_PORT), strictPort: true },
})

/** `src/lib/iii.ts` has the address of the tutorial; this puts in the one that the environment names. */
function withPublicUrl(url: string): Plugin {
  return {
    name: 'public-url',
    // Sees the source as it is written.
    enforce: 'pre',
    transform: {
      filter: { id: /\/src\/lib\/iii\.ts$/ },
      handler: (code) => code.replace("'ws://localhost:3111'", JSON.stringify(url)),
    },
  }
}
