// What queues, topics and subscribers may not be called. Stores can't tell some names apart: SQLite and RabbitMQ know no half of a surrogate
// pair, RabbitMQ leaves out line breaks. Such a name would stand for another queue after a restart, so it is refused before anything is stored.

const CONTROL = /\p{Cc}/u

/** What is wrong with it, to follow after the name; undefined: nothing. */
export function nameFault(name: string): string | undefined {
  if (!name.isWellFormed()) return 'has half of a character in it (a lone surrogate), which can not be stored'
  if (CONTROL.test(name)) return 'has a control character in it, such as a line break or a tab'
  return undefined
}

/** For keys that are made of what publishers send: different ones stay different. */
export function storableKey(text: string): string {
  return text.isWellFormed() ? text : JSON.stringify(text)
}
