// What is limited in installing workers of registries.
import { bytesText, countText, timeText } from '../../../base/values/amount-text.ts'
import type { Bound } from '../../../sdk/built-in.ts'
import { MAX_DOWNLOAD_MS } from './download.ts'
import { MAX_REDIRECTS } from './download-source.ts'
import { MAX_LOCK_BYTES, MAX_LOCKED_WORKERS } from './lock-file.ts'
import {
  BUNDLE_LIMITS,
  MAX_BINARY_BYTES,
  MAX_BUNDLE_BYTES,
  MAX_GRAPH_DEPTH,
  MAX_GRAPH_WORKERS,
  UNPACK_MS,
} from './package-limits.ts'

export const INSTALL_BOUNDS: readonly Bound[] = [
  {
    limit: 'bytes of the archive of a bundle, and of a binary',
    initial: `${bytesText(MAX_BUNDLE_BYTES)}, ${bytesText(MAX_BINARY_BYTES)}`,
    effect: '`W142`, and nothing is installed',
  },
  {
    limit: 'time of the download of a package, redirects of it',
    initial: `${timeText(MAX_DOWNLOAD_MS)}, ${countText(MAX_REDIRECTS)}`,
    effect: '`W142`, and nothing is installed',
  },
  {
    limit: 'time for which nothing of a download comes (`download_timeout_ms` of `iii-directory`)',
    initial: timeText(60_000),
    effect: '`W142`, and nothing is installed',
  },
  {
    limit: 'what a bundle unpacks to',
    initial: `${bytesText(BUNDLE_LIMITS.totalBytes)}, ${bytesText(BUNDLE_LIMITS.fileBytes)} in a file, ${countText(BUNDLE_LIMITS.entries)} files and folders, ${countText(BUNDLE_LIMITS.depth)} steps in a path, ${countText(BUNDLE_LIMITS.ratio)} times its size`,
    effect: '`W181`, and nothing is installed',
  },
  {
    limit: 'time of unpacking a bundle, threads that unpack',
    initial: `${timeText(UNPACK_MS)}, 2`,
    effect: '`W181`; further ones wait',
  },
  {
    limit: 'workers that one depends on, and how far they are away',
    initial: `${countText(MAX_GRAPH_WORKERS)}, ${countText(MAX_GRAPH_DEPTH)}`,
    effect: '`W183`, and nothing is installed',
  },
  {
    limit: '`iii.lock`',
    initial: `${bytesText(MAX_LOCK_BYTES)}, ${countText(MAX_LOCKED_WORKERS)} workers`,
    effect: '`W130`, `W150`: it is not read',
  },
]
