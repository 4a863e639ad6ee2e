// The files of a new project (spec 05 C.1), and those that make a container of one.
import { randomUUID } from 'node:crypto'
import { ENGINE_VERSION } from '../core/version.ts'
import { entryLines } from './entry-lines.ts'
import { pluginTemplate } from './plugin-template.ts'
import { starterText } from './starter-file.ts'

export const TEMPLATES = ['bare', 'quickstart'] as const
export type ProjectTemplate = (typeof TEMPLATES)[number]

/** What marks a folder as a project. */
export const PROJECT_INI = '.iii/project.ini'

const IGNORED = ['data/', 'config/', 'node_modules/', '.iii/logs/', '.iii/workers/', '.iii-worker.lock']

/** @param hasConfig there is a configuration file already, by another of its names. */
export function projectFiles(name: string, template: ProjectTemplate, hasConfig: boolean): Map<string, string> {
  const files = new Map<string, string>()
  const config = starterText()
  if (!hasConfig) files.set('iii-config.yaml', template === 'bare' ? config : withHello(config))
  files.set('.gitignore', `${IGNORED.join('\n')}\n`)
  files.set(PROJECT_INI, projectIni(name))
  if (template === 'quickstart') {
    files.set('plugins/hello.ts', pluginTemplate('hello'))
    files.set('README.md', quickstartReadme(name))
  }
  return files
}

export function projectIni(name: string): string {
  // A line break would begin another setting.
  const oneLine = name.replaceAll(/\s+/g, ' ')
  return `[project]\nproject_id=${randomUUID()}\nproject_name=${oneLine}\nsource=init\n`
}

function withHello(config: string): string {
  return config.replace(
    /^ {2}# A plugin of your own.*\n(?: {2}# .*\n)*/m,
    `  # A plugin of your own: plugins/hello.ts\n${entryLines('hello')}    config: {}\n`,
  )
}

function quickstartReadme(name: string): string {
  return `# ${name}

\`\`\`sh
iii start                              # the engine, in this terminal
iii trigger hello::greet name=World    # in another one: calls the plugin in plugins/hello.ts
\`\`\`

Edit \`plugins/hello.ts\` and call it again: a running engine takes up each saved file.

| | |
|---|---|
| \`iii-config.yaml\` | what the engine runs; every line is explained |
| \`plugins/\` | functions in the engine itself |
| \`iii worker init NAME\`, \`iii worker add ./NAME\` | functions in a process of their own, in TypeScript, JavaScript, Python or Rust |
| \`data/\` | all that lasts |
`
}

/** @param port of the listener for workers. */
export function dockerFiles(name: string, port: number, version = ENGINE_VERSION): Map<string, string> {
  const project =
    name
      .toLowerCase()
      .replaceAll(/[^a-z0-9_-]+/g, '-')
      .replace(/^[-_]+/, '') || 'iii'
  return new Map([
    ['Dockerfile', dockerfile(port, version)],
    ['docker-compose.yml', composeFile(port)],
    ['.env', `COMPOSE_PROJECT_NAME=${project}\nENGINE_PORT=${port}\nSTREAM_PORT=3112\nHTTP_PORT=3111\n`],
    ['.dockerignore', `${['data', 'node_modules', '.git', '.env', '.iii/logs'].join('\n')}\n`],
  ])
}

function dockerfile(port: number, version: string): string {
  return `# The engine with this project. docker compose up --build
FROM node:26-slim
RUN apt-get update && apt-get install -y --no-install-recommends tini && rm -rf /var/lib/apt/lists/*
RUN npm install --global iii-host@${version}
WORKDIR /project
COPY . .
# Inside a container 127.0.0.1 is the container alone. Who reaches its ports is decided where they are published.
RUN sed -i -E 's/host: 127\\.0\\.0\\.1/host: 0.0.0.0/' iii-config.yaml && mkdir -p data .iii && chown -R 1000:1000 data .iii
VOLUME /project/data
ENV NODE_ENV=production III_CACHE_DIR=/tmp/iii-host III_URL=ws://127.0.0.1:${port}
USER 1000:1000
EXPOSE ${port} 3112 3111
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s CMD ["iii", "health", "--allow-degraded"]
ENTRYPOINT ["tini", "--"]
CMD ["iii", "start", "--no-watch"]
`
}

function composeFile(port: number): string {
  return `# Whoever reaches these ports may call and register everything: they are published to this machine alone.
services:
  engine:
    build: .
    ports:
      - '127.0.0.1:\${ENGINE_PORT:-${port}}:${port}'
      - '127.0.0.1:\${STREAM_PORT:-3112}:3112'
      - '127.0.0.1:\${HTTP_PORT:-3111}:3111'
    volumes:
      - data:/project/data
    stop_grace_period: 30s
volumes:
  data:
`
}
