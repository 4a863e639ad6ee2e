// Written by `npm run docs` from the schemas that are published.

declare module '../../sdk/known-ids.ts' {
  interface KnownTriggers {
    /** Calls the function with each HTTP request of a route and sends what it returns. */
    'http': {
      config: {
        /** Path of the route; a segment `:name` is a parameter, a last segment `*` takes the rest. */
        api_path: string
        /** GET, POST, PUT, DELETE, PATCH, HEAD or OPTIONS, in any case. Default GET. */
        http_method?: string
        /** Gets the request without its channels first; exactly false answers 422. */
        condition_function_id?: string
        /** Functions that are called in this order before the handler, each of which may answer instead. */
        middleware_function_ids?: readonly string[]
        /** Whether requests are held against the format of the function. Default: as `validate_requests` says. */
        validate?: boolean
      }
      event: {
        /** Decoded; the last of equal names. */
        query_params: Record<string, any>
        /** By name, not decoded. */
        path_params: Record<string, any>
        /** By lower-case name. */
        headers: Record<string, any>
        /** `api_path` as it was bound. */
        path: string
        method: string
        /** Path and query as they were sent. */
        url?: string
        /** The value of a JSON body, else null. */
        body: any
        trigger: { type: 'http'; path: string; method: string }
        /** Channel: the bytes of the body, to be read. */
        request_body?: any
        /** Channel: a response that is streamed, to be written. */
        response?: any
      }
    }
    /** The old name of `http`. */
    'api': {
      config: {
        /** Path of the route; a segment `:name` is a parameter, a last segment `*` takes the rest. */
        api_path: string
        /** GET, POST, PUT, DELETE, PATCH, HEAD or OPTIONS, in any case. Default GET. */
        http_method?: string
        /** Gets the request without its channels first; exactly false answers 422. */
        condition_function_id?: string
        /** Functions that are called in this order before the handler, each of which may answer instead. */
        middleware_function_ids?: readonly string[]
        /** Whether requests are held against the format of the function. Default: as `validate_requests` says. */
        validate?: boolean
      }
      event: {
        /** Decoded; the last of equal names. */
        query_params: Record<string, any>
        /** By name, not decoded. */
        path_params: Record<string, any>
        /** By lower-case name. */
        headers: Record<string, any>
        /** `api_path` as it was bound. */
        path: string
        method: string
        /** Path and query as they were sent. */
        url?: string
        /** The value of a JSON body, else null. */
        body: any
        trigger: { type: 'http'; path: string; method: string }
        /** Channel: the bytes of the body, to be read. */
        request_body?: any
        /** Channel: a response that is streamed, to be written. */
        response?: any
      }
    }
  }
}

export {}
