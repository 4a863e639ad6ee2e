// `npm run build`: the published form of the project in dist/. Compiled JavaScript, because Node strips no types under
// node_modules, and what runs of each built-in plugin as one ready bundle.
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, globSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'
import { BROWSER_BUNDLE } from './browser-bundle.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = path.join(root, 'dist')

rmSync(dist, { recursive: true, force: true })
compile()
copyAssets()
await bundlePlugins()
await bundleForBrowsers()

function compile(): void {
  const tsc = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' })
}

/** Files that the code reads at run time and tsc does not know. */
function copyAssets(): void {
  for (const file of globSync(
    [
      '{bin,base,protocol,core,sdk,kit,bench}/**/*.{wasm,json,sql,html}',
      'core/**/*.mjs',
      'bin/{hangup,node-options,source-places,warm-bundle}.mjs',
    ],
    { cwd: root },
  )) {
    const target = path.join(dist, file)
    mkdirSync(path.dirname(target), { recursive: true })
    cpSync(path.join(root, file), target)
  }
}

/**
 * sdk, protocol and base stay imports of the compiled engine, whose classes must be the very same on both sides; packages stay
 * imports because native parts and adapters that are loaded on demand resolve beside the installed engine.
 */
async function bundlePlugins(): Promise<void> {
  const source = path.join(root, 'plugins')
  // Others hold what is told of built-in workers that are no plugins.
  const folders = readdirSync(source, { withFileTypes: true }).filter(
    (entry) => entry.isDirectory() && existsSync(path.join(source, entry.name, 'index.ts')),
  )
  // Each takes the place of the compiled `index.js`. What others load of a plugin (`about.js`, its settings, its commands) stays
  // as it was compiled. The benchmark opens the listener of a plugin in another thread than the plugin's own.
  const modules = [...folders.map(({ name }) => `plugins/${name}/index`), 'bench/targets/inline-stream']
  for (const name of modules) {
    const outfile = path.join(dist, `${name}.js`)
    await build({
      entryPoints: [path.join(root, `${name}.ts`)],
      outfile,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node24',
      packages: 'external',
      plugins: [engineModules(path.dirname(outfile))],
      logLevel: 'warning',
    })
  }
}

/** The SDK of pages as one file, which a page can load as it is. */
async function bundleForBrowsers(): Promise<void> {
  await build({ ...BROWSER_BUNDLE, outfile: path.join(dist, 'sdk/browser.js'), logLevel: 'warning' })
}

function engineModules(outDir: string): Plugin {
  const compiled = (file: string) => {
    const target = path.join(dist, path.relative(root, file)).replace(/\.ts$/, '.js')
    return { path: path.relative(outDir, target).replaceAll(path.sep, '/'), external: true }
  }
  const shared = ['sdk', 'protocol', 'base'].map((folder) => path.join(root, folder) + path.sep)
  return {
    name: 'engine-modules',
    setup(hooks) {
      hooks.onResolve({ filter: /^iii-host\/plugin$/ }, () => compiled(path.join(root, 'sdk', 'plugin.ts')))
      hooks.onResolve({ filter: /^\./ }, ({ path: specifier, resolveDir }) => {
        const file = path.resolve(resolveDir, specifier)
        return shared.some((folder) => file.startsWith(folder)) ? compiled(file) : undefined
      })
    },
  }
}
