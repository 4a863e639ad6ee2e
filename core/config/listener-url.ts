// The address of a listener as a client writes it.

export function listenerUrl(host: string, port: number): string {
  return `ws://${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** The address for a client on this machine: a listener on all interfaces is reached through loopback. */
export function localListenerUrl(host: string, port: number): string {
  return listenerUrl(host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host, port)
}
