import { spawnSync } from 'node:child_process'
import { root } from './packages.mjs'

/** Runs npm in the root folder, with its output on the terminal unless `options.stdio` says otherwise. */
export function npm(args, options) {
  // npm is a .cmd file on Windows, which only a shell starts.
  return spawnSync('npm', args, {
    cwd: root,
    encoding: 'utf8',
    stdio: 'inherit',
    shell: process.platform === 'win32',
    ...options,
  })
}
