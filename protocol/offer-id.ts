// The id of a channel that a plugin offers: a UUID of which the first part names the plugin's connection and the rest is a number.

/** Characters of the first part, its last hyphen included. */
export const OFFER_PREFIX_LENGTH = 24

const PREFIX = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-$/

export function isOfferPrefix(text: string): boolean {
  return PREFIX.test(text)
}

/** What an id of that kind begins with. */
export function offerPrefixOf(id: string): string {
  return id.slice(0, OFFER_PREFIX_LENGTH)
}
