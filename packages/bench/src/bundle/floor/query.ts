import { viewerQuery, type Connect, type ViewerData } from '../app.ts'

export const connect: Connect = ({ url, session }) => ({
  async viewer() {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${session.accessToken}` },
      body: JSON.stringify({ query: viewerQuery }),
    })
    return ((await response.json()) as { readonly data: ViewerData }).data.viewer.name
  },
})
