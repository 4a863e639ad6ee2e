// What describes configurations and the payloads of functions: plain data, checked where it is used.

/** JSON Schema object, draft-07. */
export type JsonSchema = Readonly<Record<string, unknown>>
