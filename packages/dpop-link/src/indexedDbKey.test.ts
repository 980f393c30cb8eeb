import { IDBFactory, IDBObjectStore } from 'fake-indexeddb'
import { bearerLink, chain, lastResult, createOperation } from '@graphlinks/core'
import { httpLink } from '@graphlinks/http-link'
import { scriptedServer } from '@graphlinks/testing'
import { EmbeddedJWK, jwtVerify } from 'jose'
import { dpopLink } from './index.ts'
import { forgetIndexedDbKey, indexedDbKey } from './indexedDbKey.ts'

test('DP-1 the same key after a reload, its private part unreadable, and good for proofs', async () => {
  const indexedDB = new IDBFactory()
  const first = await indexedDbKey({ indexedDB })
  const again = await indexedDbKey({ indexedDB })
  expect(again.thumbprint).toBe(first.thumbprint)
  expect(again.privateKey).not.toBe(first.privateKey)
  await expect(crypto.subtle.exportKey('jwk', again.privateKey as CryptoKey)).rejects.toThrow()

  const server = await scriptedServer((exchange) =>
    exchange.respond(200, { 'content-type': 'application/json' }, '{"data":{}}'),
  )
  try {
    const link = chain(bearerLink('t', { scheme: 'DPoP' }), dpopLink({ key: again }), httpLink({ url: server.url }))
    await lastResult(link, createOperation({ document: '{ a }' }))
    const { protectedHeader } = await jwtVerify(String(server.requests[0]?.headers.get('dpop')), EmbeddedJWK)
    expect(protectedHeader.jwk).toEqual(first.publicJwk)
  } finally {
    await server.close()
  }
})

test('DP-1 tabs that ask at the same time get the same key; names and sites have their own', async () => {
  const indexedDB = new IDBFactory()
  const many = await Promise.all(Array.from({ length: 5 }, () => indexedDbKey({ indexedDB })))
  expect(new Set(many.map(({ thumbprint }) => thumbprint)).size).toBe(1)
  const others = [await indexedDbKey({ indexedDB, name: 'admin' }), await indexedDbKey({ indexedDB: new IDBFactory() })]
  expect(new Set([many[0], ...others].map((key) => key?.thumbprint)).size).toBe(3)
})

test('a key that is thrown away is gone', async () => {
  const indexedDB = new IDBFactory()
  const { thumbprint } = await indexedDbKey({ indexedDB })
  await forgetIndexedDbKey({ indexedDB, name: 'another' })
  expect((await indexedDbKey({ indexedDB })).thumbprint).toBe(thumbprint)
  await forgetIndexedDbKey({ indexedDB })
  expect((await indexedDbKey({ indexedDB })).thumbprint).not.toBe(thumbprint)
})

test.each(['add', 'delete'] as const)('DP-1 what could not be written in the end is an error: %s', async (method) => {
  const indexedDB = new IDBFactory()
  if (method === 'delete') await indexedDbKey({ indexedDB })
  const original = IDBObjectStore.prototype[method] as (...given: unknown[]) => IDBRequest
  // As where there is no room: the request succeeds, and the transaction does not.
  const spy = jest.spyOn(IDBObjectStore.prototype, method).mockImplementation(function (
    this: IDBObjectStore,
    ...given: unknown[]
  ) {
    const request = original.apply(this, given as never)
    request.addEventListener('success', () => {
      request.transaction?.abort()
      Object.defineProperty(request.transaction, 'error', { value: new Error('no room') })
    })
    return request
  } as never)
  try {
    const doing = method === 'add' ? indexedDbKey({ indexedDB }) : forgetIndexedDbKey({ indexedDB })
    await expect(doing).rejects.toThrow('no room')
  } finally {
    spy.mockRestore()
  }
})

test('what IndexedDB fails with comes through', async () => {
  const failing = { open: () => ({ set onerror(callback: () => void) { queueMicrotask(callback) }, error: new Error('no room') }) } // prettier-ignore
  await expect(indexedDbKey({ indexedDB: failing as never })).rejects.toThrow('no room')
})
