// Whether a text that is going to be spliced into a frame as it is may stand there: what is no JSON would break the frame. Pure.

export function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
