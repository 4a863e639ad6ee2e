// What is read from a Redis that others write to as well: text that is no JSON must not get into a frame, where it would break it.
import { isJson } from '../../base/values/is-json.ts'

/** The text, or an error that shows it. */
export function checkedJson(text: string): string {
  if (isJson(text)) return text
  throw new Error(`What is stored there is no JSON: ${JSON.stringify(text.slice(0, 60))}. Set it anew, or delete it.`)
}

/** For a value that has been overwritten or deleted already: what is no JSON is handed on as a JSON string. */
export function jsonOrText(text: string | undefined): string | undefined {
  return text === undefined || isJson(text) ? text : JSON.stringify(text)
}
