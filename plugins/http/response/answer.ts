// An HTTP answer that is known as a whole.

/** Names in small letters, no name that `header-rules.ts` keeps back, values one character per byte. Names may repeat. */
export type HeaderList = (readonly [name: string, value: string])[]

export interface Answer {
  /** 200 … 999. */
  readonly status: number
  readonly headers: HeaderList
  /** A text is sent as UTF-8; beside a header that is not ASCII it is bytes. Empty for a status that allows no body. */
  readonly body: string | Uint8Array
}

/** 204, 205 and 304 end with their headers. */
export function hasNoBody(status: number): boolean {
  return status === 204 || status === 205 || status === 304
}

/** The last value of a header; undefined = there is none. */
export function headerOf(headers: HeaderList, name: string): string | undefined {
  return headers.findLast((header) => header[0] === name)?.[1]
}
