// What an operation on workers says to a program, in the words of the command line: whoever has typed `iii worker start` types no JSON.

/** `worker::logs`, with an input or without one. */
const OPERATION = /\bworker::(add|logs|remove|start|status|stop)\b(?: (\{.*?\}+))?/g

/** @param name of the worker that the text is about, where the text itself does not name one. */
export function typedWords(text: string, name = 'NAME'): string {
  return text
    .replace(/ Say yes: true[^.]*\./, '')
    .replace(/\b(force|yes): true\b/g, '--$1')
    .replace(
      /Call worker::schema \{"function_id":"iii\.worker\.yaml"\} for/,
      'See `iii trigger worker::schema function_id=iii.worker.yaml` for',
    )
    .replace(/Call worker::schema \{"function_id":"worker::(\w+)"\} for/, 'See `iii worker $1 --help` for')
    .replace(/\b[Cc]all (?=worker::\w+ \{)/g, '')
    .replace(OPERATION, (_, operation: string, input = '') => {
      const [, named = name] = /"name":"([^"]+)"/.exec(input) ?? []
      return `\`iii worker ${operation} ${named}\``
    })
    .replace(/\bcall (directory::registry::workers::\w+)/g, '`iii trigger $1`')
}
