import { ApolloClient, ApolloLink, gql, InMemoryCache } from '@apollo/client'
import { GraphQLWsLink } from '@apollo/client/link/subscriptions'
import { OperationTypeNode } from 'graphql'
import { createClient } from 'graphql-ws'
import { eventSubscription, viewerQuery, type Connect, type EventData, type ViewerData } from '../app.ts'
import { sessionOf } from './session.ts'

const viewer = gql(viewerQuery)
const events = gql(eventSubscription)

export const connect: Connect = (settings) => {
  const { link, accessToken } = sessionOf(settings)
  const socket = createClient({
    url: settings.wsUrl,
    connectionParams: () => ({ authorization: `Bearer ${accessToken()}` }),
  })
  const client = new ApolloClient({
    link: ApolloLink.split(
      ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
      new GraphQLWsLink(socket),
      link,
    ),
    cache: new InMemoryCache(),
  })
  return {
    viewer: async () => (await client.query<ViewerData>({ query: viewer })).data?.viewer.name ?? '',
    listen(onEvent) {
      client.subscribe<EventData>({ query: events }).subscribe(({ data }) => data && onEvent(data.event))
    },
  }
}
