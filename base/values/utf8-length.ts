// How many bytes a text has as UTF-8, in Node and in browsers.

const { Buffer: NodeBuffer } = globalThis as { readonly Buffer?: { byteLength(text: string): number } }
const encoder = new TextEncoder()

export const utf8Length: (text: string) => number =
  NodeBuffer === undefined ? (text) => encoder.encode(text).length : NodeBuffer.byteLength
