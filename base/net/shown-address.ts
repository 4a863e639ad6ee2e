// Addresses as people and clients write them. Pure.

/** `127.0.0.1:3112`, an IPv6 address in brackets. */
export function shownAddress(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

export function webSocketUrl(host: string, port: number): string {
  return `ws://${shownAddress(host, port)}`
}

export function localWebSocketUrl(host: string, port: number): string {
  return webSocketUrl(localHost(host), port)
}

/** The host for a client on this machine: a listener on all interfaces is reached through loopback. */
export function localHost(host: string): string {
  return host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
}
