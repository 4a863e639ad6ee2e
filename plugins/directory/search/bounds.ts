// What a search over functions takes and answers (spec 05 A.6), and how long it may wait for a registry.
export const MAX_CAPABILITIES = 6
export const MAX_CAPABILITY_CHARACTERS = 500
/** Of an answer. */
export const MAX_WORKERS = 6
export const MAX_FUNCTIONS = 12
export const MAX_DESCRIPTION_BYTES = 160
export const MAX_INSTALLABLE = 2
export const MAX_INSTALLABLE_FUNCTIONS = 6
/** The registered functions that are looked at. */
export const MAX_SEARCHED_FUNCTIONS = 20_000
/** Workers of the registry that are looked into for a capability. */
export const MAX_CANDIDATES = 5
/** Whoever searches waits no longer for a registry. */
export const REGISTRY_MS = 3_000
