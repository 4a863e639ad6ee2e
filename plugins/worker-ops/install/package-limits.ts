// What a package may weigh (spec 05 B.5), and a graph of them.
import type { ArchiveLimits } from '../../../base/archives/unpack-archive.ts'

/** Of the archive of a bundle, as it comes. */
export const MAX_BUNDLE_BYTES = 64 * 2 ** 20
export const MAX_BINARY_BYTES = 512 * 2 ** 20

export const BUNDLE_LIMITS: ArchiveLimits = {
  entries: 1024,
  totalBytes: 64 * 2 ** 20,
  fileBytes: 32 * 2 ** 20,
  depth: 16,
  ratio: 200,
}

/** Reading, writing and the disk, with what else it has to do. */
export const UNPACK_MS = 120_000

/** A worker with all that it depends on. */
export const MAX_GRAPH_WORKERS = 256
/** Longest way from a worker to one that it depends on. */
export const MAX_GRAPH_DEPTH = 32
