// An address as it may stand in a log or an error: without what may be a secret.

/** The address without user, password and query. */
export function shownUrl(url: string): string {
  if (URL.canParse(url) && new URL(url).host !== '') return url.replace(/\/\/[^/?#]*@/, '//').replace(/[?#].*$/, '')
  // No address: why may be a character in the password, so that nothing before the last @ is shown.
  const end = url.lastIndexOf('@')
  const scheme = /^[a-z][a-z\d+.-]*:\/\//i.exec(url)?.[0] ?? ''
  return (end < scheme.length ? url : `${scheme}${url.slice(end + 1)}`).replace(/[?#].*$/, '')
}
