import { readdirSync, readFileSync } from 'node:fs'
import { publishable } from './packages.mjs'

const pattern = /\bclass (\w+) extends \w+ \{(?:(?!\n\}).)*?\bstatic (?:override )?readonly code: string = '(\w+)'/gs

/** Every class of errors with a code of its own, in the sources of the packages: `{ code, name, file }`. */
export const errorClasses = publishable.flatMap(({ dir, path }) =>
  readdirSync(`${path}/src`, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .flatMap((file) =>
      [...readFileSync(`${path}/src/${file}`, 'utf8').matchAll(pattern)].map(([, name, code]) => ({
        code,
        name,
        file: `packages/${dir}/src/${file.replaceAll('\\', '/')}`,
      })),
    ),
)
