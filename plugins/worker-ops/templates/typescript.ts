// A worker in TypeScript, which Node.js runs as it stands.
import { nodePackage } from './javascript.ts'
import type { LanguageFiles } from './language-files.ts'

export function typeScriptFiles(name: string): LanguageFiles {
  return {
    files: {
      'src/index.ts': `import { registerWorker } from 'iii-sdk'

// The engine that starts it says where it is.
const iii = registerWorker(process.env.III_URL ?? 'ws://127.0.0.1:49134', { workerName: '${name}' })

interface Greeting {
  text: string
}

iii.registerFunction('${name}::greet', async ({ name }: { name: string }): Promise<Greeting> => ({ text: \`Hello, \${name}\` }), {
  description: 'Greets somebody.',
  request_format: { type: 'object', required: ['name'], properties: { name: { type: 'string', description: 'Who' } } },
  response_format: { type: 'object', required: ['text'], properties: { text: { type: 'string' } } },
})
console.log('${name} is ready to greet')

// A clean end: calls go to somebody else at once.
process.once('SIGTERM', () => void iii.shutdown().finally(() => process.exit(0)))
`,
      'package.json': nodePackage(name, 'src/index.ts', { '@types/node': '>=24' }),
      'tsconfig.json': `{
  "compilerOptions": {
    "target": "esnext",
    "module": "nodenext",
    "strict": true,
    "noEmit": true,
    "skipLibCheck": true,
    "types": ["node"],
    "erasableSyntaxOnly": true,
    "allowImportingTsExtensions": true
  },
  "include": ["src"]
}
`,
    },
    install: 'npm install --no-audit --no-fund --loglevel=error',
    start: 'node src/index.ts',
    ignored: ['node_modules/'],
    needs: 'It needs Node.js 22.18 or newer.',
  }
}
