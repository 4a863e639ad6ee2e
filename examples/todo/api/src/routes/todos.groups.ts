// `IStream` of iii-sdk has one method more than the class of the tutorial, whose text stays as it is: this adds it.
import type { StreamListGroupsInput } from 'iii-sdk/stream'
import { iii } from '../iii.ts'
import { TodoStream } from './todos.stream.ts'

declare module './todos.stream.ts' {
  interface TodoStream {
    listGroups(args: Omit<StreamListGroupsInput, 'stream_name'>): Promise<string[]>
  }
}

TodoStream.prototype.listGroups = (args) =>
  iii.trigger({ function_id: 'stream::list_groups', payload: { ...args, stream_name: 'todo' } })
