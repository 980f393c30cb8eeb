import { RelayNetworkLayer } from 'react-relay-network-modern'
import type { Connect, ViewerData } from '../app.ts'
import { viewer } from './parameters.ts'
import { sessionOf } from './session.ts'

export const connect: Connect = (settings) => {
  const layer = new RelayNetworkLayer(sessionOf(settings).middlewares)
  return {
    async viewer() {
      const response = (await layer.execute(viewer, {}, {}, null).toPromise()) as { data: ViewerData } | undefined
      return response?.data.viewer.name ?? ''
    },
  }
}
