/**
 * What a plugin that is to be replaced is waited for. `answered`: it has answered every call. `quiet`: nobody owes it an answer either, so that
 * no call passes its gate while it stops, which it might refuse.
 */
export type DrainedState = 'answered' | 'quiet'
