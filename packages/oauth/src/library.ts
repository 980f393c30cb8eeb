import { MissingPackageError } from './errors.ts'

export type OAuth4WebApi = typeof import('oauth4webapi')

/** Loads oauth4webapi with the first request: it has ES modules only, and an application may never get that far. */
export async function loadLibrary(link: string): Promise<OAuth4WebApi> {
  try {
    return await import('oauth4webapi')
  } catch (error) {
    const { code } = Object(error) as { readonly code?: unknown }
    if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') throw error
    throw new MissingPackageError('oauth4webapi is not installed: npm i oauth4webapi', { link })
  }
}
