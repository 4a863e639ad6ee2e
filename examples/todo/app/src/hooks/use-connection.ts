// The state of the one WebSocket, and how often it was opened: what the list missed in between has to be read anew.
import { useEffect, useState } from 'react'
import { iii } from '../lib/iii'

export interface Connection {
  readonly isOpen: boolean
  /** Nothing more is tried: the client was closed for good. */
  readonly isOver: boolean
  /** 0 until the connection is opened for the second time. */
  readonly reopened: number
}

export function useConnection(): Connection {
  const [connection, setConnection] = useState({ isOpen: false, isOver: false, opened: 0 })

  useEffect(
    () =>
      iii.addConnectionStateListener((state) =>
        setConnection((before) => {
          const isOpen = state === 'connected'
          return { isOpen, isOver: state === 'failed', opened: before.opened + (isOpen && !before.isOpen ? 1 : 0) }
        }),
      ),
    [],
  )

  return { ...connection, reopened: Math.max(0, connection.opened - 1) }
}
