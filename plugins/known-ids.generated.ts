// Written by `npm run docs` from the schemas that are published.
// Types alone; no value is in it.
import './configuration/known-ids.generated.ts'
import './cron/known-ids.generated.ts'
import './exec/known-ids.generated.ts'
import './http/known-ids.generated.ts'
import './http-functions/known-ids.generated.ts'
import './pubsub/known-ids.generated.ts'
import './queue/known-ids.generated.ts'
import './rbac/known-ids.generated.ts'
import './state/known-ids.generated.ts'
import './stream/known-ids.generated.ts'
