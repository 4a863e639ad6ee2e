// Written by `npm run docs` from the schemas that are published.

declare module '../../sdk/known-ids.ts' {
  interface KnownFunctions {
    /** Lists the workers that can be added, those that fit a search first; 20 at a time. */
    'directory::registry::workers::list': {
      input: {
        /** Words, such as `resize images`. Default: all workers. */
        search?: string
        /** `next_cursor` of the page before. */
        cursor?: string
      }
      output: {
        workers: {
          name: string
          description: string | null
          /** `bundle`, `binary`, `engine`, `image` or `local`. */
          type: string | null
          version: string | null
          repo: string | null
          /** Its settings with their defaults. */
          config: Record<string, any>
          supported_targets: string[]
          image?: string
          total_downloads: number
          dependencies: { name: string; version: string }[]
          author: { name?: string; pfp?: string | null; verified?: boolean } | null
          /** Set where it should not be used any more. */
          deprecated?: any
          /** The worker that took its place. */
          replacement?: any
        }[]
        pagination: { next_cursor: string | null; has_more: boolean; page_size: number }
      }
    }
    /** Describes a worker that can be added: its functions, trigger types, settings, skills and README. */
    'directory::registry::workers::info': {
      input: {
        name: string
        /** An exact version. Default: see `tag`. */
        version?: string
        /** Default `latest`. */
        tag?: string
      }
      output: {
        worker: {
          name: string
          description: string | null
          /** `bundle`, `binary`, `engine`, `image` or `local`. */
          type: string | null
          version: string | null
          repo: string | null
          /** Its settings with their defaults. */
          config: Record<string, any>
          supported_targets: string[]
          image?: string
          total_downloads: number
          dependencies: { name: string; version: string }[]
          author: { name?: string; pfp?: string | null; verified?: boolean } | null
          /** Set where it should not be used any more. */
          deprecated?: any
          /** The worker that took its place. */
          replacement?: any
        }
        readme?: string
        api_reference: {
          functions: {
            name: string
            description: string
            request_schema: Record<string, any>
            response_schema: Record<string, any>
            metadata: Record<string, any>
          }[]
          triggers: {
            name: string
            description: string
            /** What a binding is configured with. */
            invocation_schema: Record<string, any>
            /** What a bound function gets. */
            return_schema: Record<string, any>
            metadata: Record<string, any>
          }[]
        }
        skills_tree: { skills: { path: string }[]; prompts: { name: string; description: string }[] }
      }
    }
    /** Finds functions that do something, told in a few words, and workers that could be added for it. */
    'directory::search_functions': {
      input: {
        /** Each in a few words, such as `resize an image`. They are searched for one by one. */
        capabilities: readonly string[]
      }
      output: {
        /** What to do with the answer. */
        guidance: string
        /** The best first, at most 6 with 12 functions in all. */
        workers: {
          /** What stands before the first `::`. */
          namespace: string
          functions: { function_id: string; description: string }[]
        }[]
        /** Workers of the registry, at most 2 with 6 functions in all; left out where there is none. */
        installable?: {
          name: string
          version: string | null
          description: string
          functions: { function_id: string; description: string }[]
          install: { function: string; payload: Record<string, any> }
        }[]
        latency_ms: number
      }
    }
    /** The same as engine::functions::info. */
    'directory::engine::functions::info': {
      input: Record<string, any>
      output: any
    }
    /** The same as engine::functions::list. */
    'directory::engine::functions::list': {
      input: Record<string, any>
      output: any
    }
    /** The same as engine::workers::list. */
    'directory::engine::workers::list': {
      input: Record<string, any>
      output: any
    }
    /** The same as engine::workers::info. */
    'directory::engine::workers::info': {
      input: Record<string, any>
      output: any
    }
    /** The same as engine::triggers::list. */
    'directory::engine::triggers::list': {
      input: Record<string, any>
      output: any
    }
    /** The same as engine::triggers::info. */
    'directory::engine::triggers::info': {
      input: Record<string, any>
      output: any
    }
    /** The same as engine::registered-triggers::list. */
    'directory::engine::registered-triggers::list': {
      input: Record<string, any>
      output: any
    }
    /** The same as engine::registered-triggers::info. */
    'directory::engine::registered-triggers::info': {
      input: Record<string, any>
      output: any
    }
    /** Lists the skills: texts that say how something is done with the functions of a worker. Sorted by id. */
    'directory::skills::list': {
      input: {
        /** Only those with this text in id, title or description. */
        search?: string | null
        /** Only those whose id begins so. */
        prefix?: string | null
        /** Only those of this type, such as `how-to`. */
        type?: string | null
        /** Taken, and without effect. */
        include_description?: boolean | null
      }
      output: {
        skills: {
          id: string
          title: string
          type: string | null
          function_id: string | null
          description: string
          /** Of the file. */
          bytes: number
          modified_at: string
        }[]
      }
    }
    /** Reads a skill. */
    'directory::skills::get': {
      input: {
        /** An id as listed; also a folder for the overview in it, with `.md` at the end or `iii://` in front. */
        id: string
        /** True: the answer has the whole file too. */
        raw?: boolean | null
      }
      output: {
        id: string
        title: string
        type: string | null
        function_id: string | null
        description: string
        /** Without frontmatter. */
        body: string
        modified_at: string
        /** Of the file, absolute. */
        path: string
        raw?: string
      }
    }
    /** One page with the overviews of all workers that have skills, to begin reading at. */
    'directory::skills::index': {
      input: Record<string, never>
      output: { body: string; workers_count: number }
    }
    /** Makes a skill; one of that id must not exist. */
    'directory::skills::create': {
      input: {
        /** An id as listed; also a folder for the overview in it, with `.md` at the end or `iii://` in front. A bare name means its overview. */
        id: string
        /** The whole file, frontmatter included; at most 256 KiB. */
        content: string
      }
      output: {
        id: string
        title: string
        type: string | null
        function_id: string | null
        /** Of the file. */
        bytes: number
        modified_at: string
      }
    }
    /** Replaces a skill. */
    'directory::skills::update': {
      input: {
        /** An id as listed; also a folder for the overview in it, with `.md` at the end or `iii://` in front. A bare name means its overview. */
        id: string
        /** The whole file, frontmatter included; at most 256 KiB. */
        content: string
      }
      output: {
        id: string
        title: string
        type: string | null
        function_id: string | null
        /** Of the file. */
        bytes: number
        modified_at: string
      }
    }
    /** Deletes a skill, and the folders that it leaves empty. */
    'directory::skills::delete': {
      input: {
        /** An id as listed; also a folder for the overview in it, with `.md` at the end or `iii://` in front. */
        id: string
      }
      output: {
        /** As it was listed. */
        id: string
      }
    }
    /** Brings the skills and prompts of a worker in the registry, or of a git repository. */
    'directory::skills::download': {
      input: {
        /** Name in the registry; its skills are found under this name. */
        worker?: string
        /** Exact. Not together with `tag`. */
        version?: string | null
        /** Default latest. */
        tag?: string | null
        /** URL of a git repository: http, https, ssh or file. */
        repo?: string
        /** Folder in its folder `skills`; its skills are found under this name. */
        skill?: string
        /** Default main. */
        branch?: string | null
      }
      output: {
        namespace: string
        /** Paths below the folder of skills. */
        skills_written: string[]
        prompts_written: string[]
        system_prompts_written: string[]
        /** Ids of profiles; those that exist already are kept as they are. */
        agents_written: string[]
        source: {
          kind: 'repo' | 'registry'
          repo?: string
          skill?: string
          branch?: string
          worker?: string
          version?: string
          tag?: string
        }
      }
    }
    /** Brings the skills and prompts of a worker in the registry. */
    'directory::skills::download_from_registry': {
      input: {
        /** Name in the registry; its skills are found under this name. */
        worker: string
        /** Exact. Not together with `tag`. */
        version?: string | null
        /** Default latest. */
        tag?: string | null
      }
      output: {
        namespace: string
        /** Paths below the folder of skills. */
        skills_written: string[]
        prompts_written: string[]
        system_prompts_written: string[]
        /** Ids of profiles; those that exist already are kept as they are. */
        agents_written: string[]
        source: {
          kind: 'repo' | 'registry'
          repo?: string
          skill?: string
          branch?: string
          worker?: string
          version?: string
          tag?: string
        }
      }
    }
    /** Brings the skills and prompts in a git repository. */
    'directory::skills::download_from_repo': {
      input: {
        /** URL of a git repository: http, https, ssh or file. */
        repo: string
        /** Folder in its folder `skills`; its skills are found under this name. */
        skill: string
        /** Default main. */
        branch?: string | null
      }
      output: {
        namespace: string
        /** Paths below the folder of skills. */
        skills_written: string[]
        prompts_written: string[]
        system_prompts_written: string[]
        /** Ids of profiles; those that exist already are kept as they are. */
        agents_written: string[]
        source: {
          kind: 'repo' | 'registry'
          repo?: string
          skill?: string
          branch?: string
          worker?: string
          version?: string
          tag?: string
        }
      }
    }
    /** Lists the prompts, sorted by name. */
    'directory::prompts::list': {
      input: Record<string, never>
      output: { prompts: { name: string; description: string; modified_at: string }[] }
    }
    /** Reads a prompt. */
    'directory::prompts::get': {
      input: {
        name: string
        /** True: the answer has the whole file too. */
        raw?: boolean | null
      }
      output: {
        name: string
        description: string
        modified_at: string
        /** Without frontmatter. */
        body: string
        raw?: string
      }
    }
    /** Lists the system prompts, sorted by name. */
    'directory::system-prompts::list': {
      input: Record<string, never>
      output: { prompts: { name: string; description: string; modified_at: string }[] }
    }
    /** Reads a system prompt. */
    'directory::system-prompts::get': {
      input: {
        name: string
        /** True: the answer has the whole file too. */
        raw?: boolean | null
      }
      output: {
        name: string
        description: string
        modified_at: string
        /** Without frontmatter. */
        body: string
        raw?: string
      }
    }
    /** Makes a prompt, or replaces it. */
    'directory::prompts::save': {
      input: {
        name: string
        /** The whole file, frontmatter included; at most 256 KiB. */
        content: string
      }
      output: {
        name: string
        description: string
        modified_at: string
        /** Of the file. */
        bytes: number
      }
    }
    /** Makes a system prompt; one of that name must not exist. */
    'directory::system-prompts::create': {
      input: {
        name: string
        /** The whole file, frontmatter included; at most 256 KiB. */
        content: string
      }
      output: {
        name: string
        description: string
        modified_at: string
        /** Of the file. */
        bytes: number
      }
    }
    /** Replaces a system prompt; another `name` in the frontmatter renames it. */
    'directory::system-prompts::update': {
      input: {
        name: string
        /** The whole file, frontmatter included; at most 256 KiB. */
        content: string
      }
      output: {
        name: string
        description: string
        modified_at: string
        /** Of the file. */
        bytes: number
      }
    }
    /** Deletes a system prompt. */
    'directory::system-prompts::delete': {
      input: { name: string }
      output: { name: string }
    }
    /** Lists the profiles of agents, sorted by id. */
    'directory::agents::list': {
      input: Record<string, never>
      output: {
        agents: {
          id: string
          name: string
          description: string | null
          logo: string | null
          /** null: it does not name its skills. */
          skill_count: number | null
          model?: string | null
          reasoning_effort?: string | null
          icon?: string | null
          color?: string | null
          modified_at: string
        }[]
      }
    }
    /** Reads the profile of an agent: its system prompt, its skills, its model. */
    'directory::agents::get': {
      input: {
        id: string
        /** True: the answer has the whole file too. */
        raw?: boolean | null
      }
      output: {
        id: string
        name: string
        description: string | null
        logo: string | null
        system_prompt: string
        skills: string[]
        /** Those of `skills` that do not exist. */
        unknown_skills: string[]
        extends?: string | null
        model?: string | null
        reasoning_effort?: string | null
        icon?: string | null
        color?: string | null
        raw?: string
        modified_at: string
      }
    }
    /** Makes the profile of an agent; one of that id must not exist. */
    'directory::agents::create': {
      input: {
        id: string
        /** The whole file, frontmatter included; at most 256 KiB. */
        content: string
      }
      output: {
        id: string
        name: string
        description: string | null
        logo: string | null
        /** Of the file. */
        bytes: number
        modified_at: string
      }
    }
    /** Replaces the profile of an agent. */
    'directory::agents::update': {
      input: {
        id: string
        /** The whole file, frontmatter included; at most 256 KiB. */
        content: string
      }
      output: {
        id: string
        name: string
        description: string | null
        logo: string | null
        /** Of the file. */
        bytes: number
        modified_at: string
      }
    }
    /** Deletes the profile of an agent. */
    'directory::agents::delete': {
      input: { id: string }
      output: { id: string }
    }
  }

  interface KnownTriggers {
    /** Fires when skills are downloaded, made, changed or deleted, by whomever. */
    'directory::skills::on-change': {
      config: Record<string, any>
      event: {
        /** `external`: files were changed by others than the engine. */
        op: 'download' | 'create' | 'update' | 'delete' | 'external'
        /** Of the skill. Not of a download. */
        id?: string
        /** The first part of the id. */
        namespace?: string
        /** Of a download. */
        source?: 'repo' | 'registry'
        /** Of external changes: ids, at most 100. */
        changed?: string[]
        /** Of external changes: how many there are. */
        count?: number
      }
    }
    /** Fires when prompts are downloaded, made, changed or deleted, by whomever. */
    'directory::prompts::on-change': {
      config: Record<string, any>
      event: {
        /** `external`: files were changed by others than the engine. */
        op: 'download' | 'create' | 'update' | 'delete' | 'external'
        /** Of the prompt. Not of a download. */
        name?: string
        /** What was downloaded. */
        namespace?: string
        /** Of a download. */
        source?: 'repo' | 'registry'
        /** Of external changes: names by their files, at most 100. */
        changed?: string[]
        /** Of external changes: how many there are. */
        count?: number
      }
    }
    /** Fires when system prompts are downloaded, made, changed or deleted, by whomever. */
    'directory::system-prompts::on-change': {
      config: Record<string, any>
      event: {
        /** `external`: files were changed by others than the engine. */
        op: 'download' | 'create' | 'update' | 'delete' | 'external'
        /** Of the prompt. Not of a download. */
        name?: string
        /** What was downloaded. */
        namespace?: string
        /** Of a download. */
        source?: 'repo' | 'registry'
        /** Of external changes: names by their files, at most 100. */
        changed?: string[]
        /** Of external changes: how many there are. */
        count?: number
      }
    }
    /** Fires when profiles of agents are downloaded, made, changed or deleted, by whomever. */
    'directory::agents::on-change': {
      config: Record<string, any>
      event: {
        /** `external`: files were changed by others than the engine. */
        op: 'download' | 'create' | 'update' | 'delete' | 'external'
        /** Id of the profile. Not of a download. */
        name?: string
        /** What was downloaded. */
        namespace?: string
        /** Of a download. */
        source?: 'repo' | 'registry'
        /** Of external changes: names by their files, at most 100. */
        changed?: string[]
        /** Of external changes: how many there are. */
        count?: number
      }
    }
  }
}

export {}
