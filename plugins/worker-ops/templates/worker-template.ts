// What `iii worker init` writes: a worker that runs as it stands, in each language that there is a template for.
import { javaScriptFiles } from './javascript.ts'
import type { LanguageFiles } from './language-files.ts'
import { pythonFiles } from './python.ts'
import { rustFiles } from './rust.ts'
import { typeScriptFiles } from './typescript.ts'

export const LANGUAGES = ['ts', 'js', 'py', 'rust'] as const
export type Language = (typeof LANGUAGES)[number]

const OF_LANGUAGE: Readonly<Record<Language, (name: string) => LanguageFiles>> = {
  ts: typeScriptFiles,
  js: javaScriptFiles,
  py: pythonFiles,
  rust: rustFiles,
}

/** @param id marks this worker for good. */
export function workerFiles(name: string, language: Language, id: string): Map<string, string> {
  const { files, install, start, ignored, needs } = OF_LANGUAGE[language](name)
  return new Map([
    ['iii.worker.yaml', manifest(name, install, start)],
    ...Object.entries(files),
    ['README.md', readme(name, Object.keys(files)[0] ?? '', needs)],
    ['.gitignore', `${ignored.join('\n')}\n`],
    ['.iii/worker.ini', workerIni(name, language, id)],
  ])
}

export function workerIni(name: string, language: Language, id: string): string {
  return `[worker]\nworker_id=${id}\nworker_name=${name}\nlanguage=${language}\nsource=init\n`
}

function manifest(name: string, install: string, start: string): string {
  // A name may look like a number.
  return `name: ${/^[A-Za-z][\w.-]*$/.test(name) && !/^(true|false|null|yes|no|on|off)$/i.test(name) ? name : `'${name}'`}
description: Greets people.
scripts:
  # Runs before the first start, and again when this line or a file that names packages changes.
  install: ${install}
  # Runs as long as the engine, which sets III_URL and starts it again after a crash or a change of its files.
  start: ${start}
`
}

function readme(name: string, source: string, needs: string): string {
  return `# ${name}

A worker of the iii mesh: what \`${source}\` registers can be called by every other worker. ${needs}

From the folder of the project, with its engine running:

\`\`\`sh
iii worker add ./${name}                   # installs, starts, waits until it can be called
iii trigger ${name}::greet name=World
iii worker logs ${name} -f                 # what it prints
\`\`\`

A change of its files, \`iii.worker.yaml\` among them, starts it again. What is new under \`dependencies\` is added by
\`iii worker add ./${name} --force\`.
`
}
