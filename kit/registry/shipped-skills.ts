// The skills and prompts of a version from its Markdown files: those in a folder `prompts` are prompts, the others skills (spec 05 A.4, A.7.2).
import { basename } from 'node:path'
import { partMarkdown } from './frontmatter.ts'
import type { WorkerPrompt, WorkerSkills } from './shapes.ts'

export async function skillsOf(
  name: string,
  version: string,
  files: readonly { readonly path: string; readonly content: string }[],
): Promise<WorkerSkills> {
  const isPrompt = ({ path }: { readonly path: string }): boolean => path.split('/').slice(0, -1).includes('prompts')
  const prompts: WorkerPrompt[] = []
  for (const file of files.filter(isPrompt)) {
    const { front = {}, body } = await partMarkdown(file.content)
    const { description, name: said, args_schema } = front
    // Without a description nobody could tell what it is for.
    if (typeof description !== 'string' || description.trim() === '') continue
    prompts.push({
      name: typeof said === 'string' && said !== '' ? said : basename(file.path, '.md'),
      description,
      content: body,
      ...(args_schema !== undefined && args_schema !== null && { args_schema }),
    })
  }
  return { name, version, skills: files.filter((file) => !isPrompt(file)), prompts }
}
