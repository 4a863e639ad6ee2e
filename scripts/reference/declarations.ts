// What exported declarations say of themselves: their doc comments and the forms of their members, read from the sources as the formatter
// leaves them. No compiler: a declaration begins at the start of a line, its members two spaces further in.
import { readFileSync } from 'node:fs'
import path from 'node:path'

export interface Member {
  readonly name: string
  /** With its types, on one line. */
  readonly form: string
  /** One paragraph; empty when nothing is said. */
  readonly text: string
}

export interface Declaration {
  readonly name: string
  readonly kind: 'class' | 'interface' | 'function' | 'const' | 'type'
  readonly form: string
  readonly text: string
  /** Of classes and interfaces, of objects, and of types that begin as an object. */
  readonly members: readonly Member[]
}

interface Export {
  /** In the file that declares it. */
  readonly name: string
  readonly file: string
}

/** What a module exports, by the name under which it does; `root` is the folder that `file` is relative to. */
export function exportsOf(root: string, file: string): Map<string, Export> {
  const text = readFileSync(path.join(root, file), 'utf8')
  const found = new Map<string, Export>()
  const other = (from: string): string => path.join(path.dirname(file), from)
  for (const [, from = ''] of text.matchAll(/^export (?:type )?\* from '(\.[^']+)'/gm)) {
    for (const [name, each] of exportsOf(root, other(from))) found.set(name, each)
  }
  for (const [, names = '', from = ''] of text.matchAll(/^export (?:type )?\{([^}]*)\} from '(\.[^']+)'/gm)) {
    const theirs = exportsOf(root, other(from))
    for (const each of names.split(',')) {
      const [, name = '', as = name] = /^\s*(?:type )?(\w+)(?: as (\w+))?/.exec(each) ?? []
      const declared = theirs.get(name)
      if (declared !== undefined) found.set(as, declared)
    }
  }
  for (const [, name = ''] of text.matchAll(
    /^export (?:abstract |async )?(?:class|const|function|interface|type) (\w+)/gm,
  )) {
    found.set(name, { name, file })
  }
  return found
}

/** Undefined when the file declares no such name. */
export function declarationOf(root: string, { name, file }: Export): Declaration | undefined {
  const lines = readFileSync(path.join(root, file), 'utf8').split('\n')
  const pattern = new RegExp(`^export (?:abstract |async )?(class|const|function|interface|type) ${name}\\b`)
  const at = lines.findIndex((line) => pattern.test(line))
  if (at === -1) return undefined
  const kind = pattern.exec(lines[at]!)![1] as Declaration['kind']
  const end = endOf(lines, at)
  const body = lines.slice(at + 1, end)
  // A type that is a block of members, and maybe more, is shown as that.
  const isBlock = kind === 'type' ? lines[at]!.endsWith('= {') : kind !== 'function'
  const members = isBlock ? membersOf(body) : []
  const whole = lines.slice(at, kind === 'function' ? end + 1 : kind === 'type' ? end + 1 : at + 1)
  return { name, kind, form: oneLine(headOf(whole)), text: commentBefore(lines, at), members }
}

/** The last line of what begins at `at`: the one that closes its brace, or, without one, the last that is further in. */
function endOf(lines: readonly string[], at: number): number {
  const isBlock = lines[at]!.endsWith('{')
  let end = at
  while (end + 1 < lines.length && (isBlock ? !lines[end]!.startsWith('}') : /^[ )}\]|>]/.test(lines[end + 1]!))) end++
  return end
}

function membersOf(body: readonly string[]): Member[] {
  const members: Member[] = []
  for (let at = 0; at < body.length; at++) {
    const line = body[at]!
    const name = /^ {2}(?:readonly |override |get |async |static )*([a-zA-Z_]\w*)\??(?=[(:<]| =|$)/.exec(line)?.[1]
    if (name === undefined || name.startsWith('__')) continue
    const comment = commentBefore(body, at)
    if (name === 'constructor' || comment.includes('@internal')) continue
    let end = at
    while (
      end + 1 < body.length &&
      !/^ {2}(?:\/\*\*|readonly |[a-zA-Z#_}]|get )/.test(body[end + 1]!) &&
      body[end + 1] !== ''
    )
      end++
    const form = oneLine(headOf(body.slice(at, end + 1)))
    // A member that holds a function is called like a method.
    members.push({
      name,
      form: form
        .replace(/^(\w+) = (?:\((?=\()|async )?(?=[(<])/, '$1')
        .replace(/^(\w+) = .*/, '$1')
        .replace(/ => (?:this\.|\w+\().*$/, ''),
      text: comment,
    })
  }
  return members
}

/** Without what it does: up to the arrow or the brace that begins a body. */
function headOf(lines: readonly string[]): string {
  const head: string[] = []
  for (const line of lines) {
    const [, before] = /^(.*?)\s*(?:=>|\{)\s*$/.exec(line) ?? []
    const isBody = before !== undefined && /[)\w>\]}]$/.test(before) && !/[(,:]\s*$/.test(before)
    if (isBody) return [...head, before].join('\n')
    head.push(line)
  }
  return head.join('\n')
}

function oneLine(text: string): string {
  return text
    .replace(/\/\*\*[^]*?\*\/\s*/g, '')
    .replace(/\s+/g, ' ')
    .replace(/\( /g, '(')
    .replace(/,? \)/g, ')')
    .replace(/^ ?(?:export |readonly |override |abstract |async )*/, '')
    .replace(/ =>$|,$/, '')
    .trim()
}

/** The first paragraphs, without examples and tags. */
function commentBefore(lines: readonly string[], at: number): string {
  let start = at - 1
  if (start < 0 || !lines[start]!.trimEnd().endsWith('*/')) return ''
  while (start > 0 && !lines[start]!.trimStart().startsWith('/**')) start--
  const text = lines
    .slice(start, at)
    .map((line) => line.replace(/^\s*(?:\/\*\*|\*\/|\*)? ?/, '').replace(/\s*\*\/$/, ''))
    .join(' ')
  return text
    .replace(/:?\s*```.*$/, (example) => (example.startsWith(':') ? '.' : ''))
    .replace(/\s*@param (\w+)/g, ' `$1`:')
    .replace(/\s+/g, ' ')
    .trim()
}
