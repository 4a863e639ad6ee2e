// A worker in JavaScript, for Node.js.
import { SDK, type LanguageFiles } from './language-files.ts'

export function javaScriptFiles(name: string): LanguageFiles {
  return {
    files: {
      'src/index.js': `import { registerWorker } from 'iii-sdk'

// The engine that starts it says where it is.
const iii = registerWorker(process.env.III_URL ?? 'ws://127.0.0.1:49134', { workerName: '${name}' })

iii.registerFunction('${name}::greet', async ({ name }) => ({ text: \`Hello, \${name}\` }), {
  description: 'Greets somebody.',
  request_format: { type: 'object', required: ['name'], properties: { name: { type: 'string', description: 'Who' } } },
  response_format: { type: 'object', required: ['text'], properties: { text: { type: 'string' } } },
})
console.log('${name} is ready to greet')

// A clean end: calls go to somebody else at once.
process.once('SIGTERM', () => void iii.shutdown().finally(() => process.exit(0)))
`,
      'package.json': nodePackage(name, 'src/index.js'),
    },
    install: 'npm install --no-audit --no-fund --loglevel=error',
    start: 'node src/index.js',
    ignored: ['node_modules/'],
    needs: 'It needs Node.js 20 or newer.',
  }
}

export function nodePackage(name: string, main: string, devDependencies?: Readonly<Record<string, string>>): string {
  const content = {
    name: name.toLowerCase().replace(/^[._-]+/, ''),
    version: '0.1.0',
    private: true,
    type: 'module',
    scripts: { start: `node ${main}` },
    dependencies: { 'iii-sdk': SDK.npm },
    ...(devDependencies && { devDependencies }),
  }
  return `${JSON.stringify(content, null, 2)}\n`
}
