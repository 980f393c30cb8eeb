import { authMiddleware, RelayNetworkLayer, urlMiddleware } from 'react-relay-network-modern'
import type { Connect, ViewerData } from '../app.ts'
import { viewer } from './parameters.ts'

/** The network layer alone: Relay's store is no part of this. */
export const connect: Connect = ({ url, session }) => {
  const layer = new RelayNetworkLayer([urlMiddleware({ url }), authMiddleware({ token: session.accessToken })])
  return {
    async viewer() {
      const response = (await layer.execute(viewer, {}, {}, null).toPromise()) as { data: ViewerData } | undefined
      return response?.data.viewer.name ?? ''
    },
  }
}
