// What the CLI must know of `iii worker` before it is loaded: its help, and what shells complete.
import type { BuiltInCommand, CompletionSource } from '../../../sdk/built-in.ts'

const ADDED: CompletionSource = { functionId: 'worker::list', rows: 'workers', word: 'name' }
const IN_REGISTRY: CompletionSource = {
  functionId: 'directory::registry::workers::list',
  rows: 'workers',
  word: 'name',
}
const FOLDER_OR_REGISTRY: CompletionSource = { ...IN_REGISTRY, orFolder: true }
const OF_ADDED = ['status', 'remove', 'rm', 'start', 'stop', 'restart', 'logs', 'update', 'clear']

export const WORKER_COMMAND: BuiltInCommand = {
  summary: 'Add, start, watch and write workers that the engine runs',
  takesWords: ['add', 'reinstall', 'remove', 'rm'].map((name) => `iii worker ${name}`),
  completes: Object.fromEntries([
    ...OF_ADDED.map((name) => [`iii worker ${name}`, { worker: ADDED }]),
    ...['add', 'reinstall'].map((name) => [`iii worker ${name}`, { worker: FOLDER_OR_REGISTRY }]),
    ['iii worker info', { worker: IN_REGISTRY }],
    ['iii worker validate', { path: 'folders' }],
  ]),
  notProvided: {
    'iii worker exec': 'run a command beside the engine with an entry `iii-exec`, or in a shell of yours.',
    'iii worker sandbox': 'workers are processes of this machine; nothing runs in virtual machines.',
  },
  examples: {
    'iii worker': [
      ['iii worker init greeter', 'writes a worker into ./greeter'],
      ['iii worker add ./greeter', 'puts it into the configuration, starts it, waits until it can be called'],
      ['iii worker add image-resize@1.2.0', 'from a registry'],
      ['iii worker', 'the same as iii worker list'],
    ],
    'iii worker list': [['iii worker list --json', 'for a program']],
    'iii worker status': [['iii worker status greeter', 'until it runs or has stopped']],
    'iii worker info': [['iii worker info image-resize', 'functions and settings, before it is added']],
    'iii worker add': [
      ['iii worker add image-resize', 'the latest one of a registry, with what it depends on'],
      ['iii worker add ./greeter', 'a folder with an iii.worker.yaml'],
      ['iii worker add ./greeter --force', 'once more, from its install script on'],
    ],
    'iii worker reinstall': [['iii worker reinstall image-resize', 'anew, without waiting for it']],
    'iii worker start': [['iii worker start greeter', 'after a stop, or when it has given up']],
    'iii worker stop': [['iii worker stop greeter', 'until it is started again, or the engine is']],
    'iii worker restart': [['iii worker restart greeter', 'a new process']],
    'iii worker rm': [['iii worker rm greeter --yes', 'the same as iii worker remove']],
    'iii worker remove': [['iii worker remove greeter', 'asks if it runs; --yes does not']],
    'iii worker logs': [
      ['iii worker logs greeter', 'the last lines'],
      ['iii worker logs greeter -f --tail 0', 'what comes from now on'],
    ],
    'iii worker update': [['iii worker update', 'all that are of a registry']],
    'iii worker sync': [['iii worker sync', 'after a fresh clone; no version is chosen anew']],
    'iii worker verify': [['iii worker verify --strict', 'in a pipeline']],
    'iii worker clear': [['iii worker clear', 'what was installed of all workers that do not run']],
    'iii worker init': [
      ['iii worker init greeter', 'in TypeScript'],
      ['iii worker init greeter --language py', 'in Python; rust and js are possible too'],
    ],
    'iii worker validate': [['iii worker validate ./greeter', 'is its iii.worker.yaml right?']],
  },
  load: () => import('./worker-command.ts'),
}
