import { apiKeyRotation } from './apiKeyRotation.ts'
import { customLink } from './customLink.ts'
import { perRequestIdentity } from './perRequestIdentity.ts'
import type { DemoServer } from './server.ts'
import { splitTransports } from './splitTransports.ts'
import { subscriptionOverHttp } from './subscriptionOverHttp.ts'
import { tokenRefresh } from './tokenRefresh.ts'

/** The examples by the name of their file. */
export const examples: Readonly<Record<string, (server: DemoServer) => Promise<unknown>>> = {
  apiKeyRotation,
  customLink,
  perRequestIdentity,
  splitTransports,
  subscriptionOverHttp,
  tokenRefresh,
}
