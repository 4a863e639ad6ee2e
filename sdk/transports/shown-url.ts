// An address as it may stand in a log or an error: without what may be a secret.

/** The address without user, password and query. */
export function shownUrl(url: string): string {
  return url.replace(/\/\/[^/?#]*@/, '//').replace(/[?#].*$/, '')
}
