// Paths into a configuration value, as JSON pointers (what ajv gives) and as a reader writes them.

export type JsonPath = readonly (string | number)[]

/** `/a/0/b~1c` → `['a', '0', 'b/c']`. Indices stay text: the pointer alone does not tell them from keys. */
export function parsePointer(pointer: string): string[] {
  if (pointer === '') return []
  return pointer
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
}

export function appendPointer(pointer: string, part: string): string {
  return `${pointer}/${part.replaceAll('~', '~0').replaceAll('/', '~1')}`
}

/** `config.rbac.expose_functions[0]`; keys that are not plain words are quoted. */
export function renderPath(path: JsonPath): string {
  return path
    .map((part, index) => {
      const text = String(part)
      if (/^\d+$/.test(text)) return `[${text}]`
      const word = /^[\w#:-]+$/.test(text) ? text : JSON.stringify(text)
      return index === 0 ? word : `.${word}`
    })
    .join('')
}
