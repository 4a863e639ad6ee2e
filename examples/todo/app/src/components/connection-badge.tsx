export type Health = 'live' | 'connecting' | 'offline' | 'over'

const TEXTS: Readonly<Record<Health, string>> = {
  live: 'Live',
  connecting: 'Connecting…',
  offline: 'Reconnecting…',
  over: 'Disconnected',
}

export function ConnectionBadge({ health }: { readonly health: Health }) {
  return (
    <p className="badge" role="status" data-health={health}>
      {TEXTS[health]}
    </p>
  )
}
