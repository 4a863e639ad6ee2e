// What `about.ts` says of skills, prompts and profiles (spec 05 A.4): error codes, and what sessions do not get by a wildcard. Plain data.

export const SKILL_ERRORS = {
  D110: 'There is no skill of that id.',
  D112: 'That can not be the id of a skill; the message says what ids are made of.',
  D114: 'A skill of that id exists already. Nothing was written.',
  D115: 'The id lies in a folder that is kept for prompts or profiles.',
  D116: 'The skill lies in a folder that is only read.',
  D210: 'There is no prompt of that name.',
  D212: 'That can not be the name of a prompt; the message says what names are made of.',
  D213: 'The content is empty, too long, or lacks what its frontmatter must say. Nothing was written.',
  D214: 'A prompt of that name exists already. Nothing was written.',
  D410: 'There is no profile of that id.',
  D412: 'That can not be the id of a profile; the message says what ids are made of.',
  D414: 'A profile of that id exists already. Nothing was written.',
  D900: 'A folder or file could not be read or written. The message says which, and why.',
} as const

export type DirectoryErrorCode = keyof typeof SKILL_ERRORS

/** Functions that write files: a session gets them by their exact ids only. */
export const SKILL_EXACT_GRANTS = [
  'directory::skills::download',
  'directory::skills::download_from_registry',
  'directory::skills::download_from_repo',
  'directory::skills::on-worker-added',
  'directory::skills::create',
  'directory::skills::update',
  'directory::skills::delete',
  'directory::prompts::save',
  'directory::system-prompts::create',
  'directory::system-prompts::update',
  'directory::system-prompts::delete',
  'directory::agents::create',
  'directory::agents::update',
  'directory::agents::delete',
] as const

/** In the order in which they are registered. */
export const SKILL_TRIGGER_TYPE_IDS = [
  'directory::skills::on-change',
  'directory::prompts::on-change',
  'directory::system-prompts::on-change',
  'directory::agents::on-change',
] as const
