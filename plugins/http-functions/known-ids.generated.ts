// Written by `npm run docs` from the schemas that are published.

declare module '../../sdk/known-ids.ts' {
}

export {}
