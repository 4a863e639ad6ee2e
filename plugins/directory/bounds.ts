// What is limited in `iii-directory`, with the defaults that the code has.
import { bytesText, charactersText, countText, timeText } from '../../base/values/amount-text.ts'
import { MAX_CACHED_ANSWERS, MAX_CACHED_CHARACTERS } from '../../kit/registry/answer-cache.ts'
import { MAX_CURSOR_CHARACTERS } from '../../kit/registry/cursor.ts'
import { MAX_GRAPH_WORKERS } from '../../kit/registry/dependency-graph.ts'
import { MAX_FOLDER_WORKERS } from '../../kit/registry/folder-registry.ts'
import { MAX_FRONT_MATTER_CHARACTERS } from '../../kit/registry/frontmatter.ts'
import {
  MAX_INSTALL_BYTES,
  MAX_PAGE_BYTES,
  MAX_REDIRECTS,
  MAX_SKILLS_ANSWER_BYTES,
} from '../../kit/registry/json-request.ts'
import { MAX_REMOTE_PAGES } from '../../kit/registry/listing.ts'
import {
  MAX_FILE_BYTES,
  MAX_SKILL_BYTES,
  MAX_SKILL_DEPTH,
  MAX_SKILL_FILES,
  MAX_SKILLS_BYTES,
} from '../../kit/registry/registry-files.ts'
import { REGISTRY_CACHE_TTL_MS, REGISTRY_TIMEOUT_MS } from '../../kit/registry/settings.ts'
import { PAGE_SIZE } from '../../kit/registry/shapes.ts'
import { MAX_SEARCH_CHARACTERS } from '../../kit/registry/worker-registry.ts'
import {
  MAX_CAPABILITIES,
  MAX_CAPABILITY_CHARACTERS,
  MAX_DESCRIPTION_BYTES,
  MAX_FUNCTIONS,
  MAX_INSTALLABLE,
  MAX_INSTALLABLE_FUNCTIONS,
  MAX_SEARCHED_FUNCTIONS,
  MAX_WORKERS,
  REGISTRY_MS,
} from './search/bounds.ts'
import type { Bound } from '../../sdk/built-in.ts'
import { MAX_CONNECTIONS, REQUEST_MS, STALL_MS } from './registry/serve/registry-server.ts'

export const BOUNDS: readonly Bound[] = [
  {
    limit: 'workers on a page of the registry',
    initial: countText(PAGE_SIZE),
    effect: 'the others follow with `next_cursor`',
  },
  {
    limit: 'characters of a search in the registry, and of a cursor',
    initial: `${countText(MAX_SEARCH_CHARACTERS)} and ${countText(MAX_CURSOR_CHARACTERS)}`,
    effect: '`D311`',
  },
  {
    limit: 'time of a request to a remote registry, its answer included',
    option: 'download_timeout_ms',
    initial: timeText(REGISTRY_TIMEOUT_MS),
    effect: '`D320`',
  },
  {
    limit: 'redirects of a request to a remote registry',
    initial: countText(MAX_REDIRECTS),
    effect: '`D320`',
  },
  {
    limit: 'bytes of an answer of a remote registry, decompressed: a page or a worker, its skills, how it is installed',
    initial: [MAX_PAGE_BYTES, MAX_SKILLS_ANSWER_BYTES, MAX_INSTALL_BYTES].map(bytesText).join(', '),
    effect: '`D320`, and the connection is closed',
  },
  {
    limit: 'pages of a remote registry that are asked for to fill one of ours',
    initial: countText(MAX_REMOTE_PAGES),
    effect: 'the page is shorter, and `next_cursor` goes on',
  },
  {
    limit: 'time for which an answer of a remote registry is given again',
    option: 'registry_cache_ttl_ms',
    initial: timeText(REGISTRY_CACHE_TTL_MS),
    effect: 'it is asked for anew',
  },
  {
    limit: 'answers of a remote registry that are kept, and their characters',
    initial: `${countText(MAX_CACHED_ANSWERS)}, ${charactersText(MAX_CACHED_CHARACTERS)}`,
    effect: 'the oldest are dropped',
  },
  {
    limit: 'workers of a registry folder',
    initial: countText(MAX_FOLDER_WORKERS),
    effect: 'those beyond are not listed',
  },
  {
    limit: 'bytes of `worker.json`, `version.json` and `README.md` in a registry folder',
    initial: bytesText(MAX_FILE_BYTES),
    effect: 'the worker is left out of listings; asked for by name, `D320`',
  },
  {
    limit:
      'skills and prompts of a version in a registry folder: files, bytes of one, bytes of all, folders in folders',
    initial: [
      countText(MAX_SKILL_FILES),
      bytesText(MAX_SKILL_BYTES),
      bytesText(MAX_SKILLS_BYTES),
      countText(MAX_SKILL_DEPTH),
    ].join(', '),
    effect: '`D320`; what lies deeper is passed over',
  },
  {
    limit: 'characters of the frontmatter of a prompt in a registry folder',
    initial: countText(MAX_FRONT_MATTER_CHARACTERS),
    effect: 'it counts as text, and the prompt has no description and is left out',
  },
  {
    limit: 'workers that one worker needs, directly or not',
    initial: countText(MAX_GRAPH_WORKERS),
    effect: '`D320`',
  },
  {
    limit: 'capabilities of a search over functions, and the characters of one',
    initial: `${countText(MAX_CAPABILITIES)} and ${countText(MAX_CAPABILITY_CHARACTERS)}`,
    effect: '`deserialization_error`',
  },
  {
    limit: 'answer of a search over functions: workers, functions, and those that could be added',
    initial: [MAX_WORKERS, MAX_FUNCTIONS, MAX_INSTALLABLE, MAX_INSTALLABLE_FUNCTIONS].map(countText).join(', '),
    effect: 'the others are left out',
  },
  {
    limit: 'bytes of a description in a search over functions',
    initial: bytesText(MAX_DESCRIPTION_BYTES),
    effect: 'it is cut',
  },
  {
    limit: 'registered functions that are searched',
    initial: countText(MAX_SEARCHED_FUNCTIONS),
    effect: 'those beyond are not found',
  },
  {
    limit: 'connections to `iii registry serve`',
    initial: countText(MAX_CONNECTIONS),
    effect: 'further ones are closed',
  },
  {
    limit: 'time of a request to `iii registry serve`, and silence of one who reads its answer',
    initial: `${timeText(REQUEST_MS)}, ${timeText(STALL_MS)}`,
    effect: 'the connection is closed',
  },
  {
    limit: 'wait of a search over functions for the registry',
    initial: timeText(REGISTRY_MS),
    effect: 'the answer has no `installable`',
  },
]
