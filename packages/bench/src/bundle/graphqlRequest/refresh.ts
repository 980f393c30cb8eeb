import { viewerQuery, type Connect, type ViewerData } from '../app.ts'
import { sessionOf } from './session.ts'

export const connect: Connect = (settings) => {
  const session = sessionOf(settings)
  return { viewer: async () => (await session.request<ViewerData>(viewerQuery)).viewer.name }
}
