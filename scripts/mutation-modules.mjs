// The modules of one test file for mutation-runner.mjs, as Jest gives them: read anew, with the mocks of that file.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import vm from 'node:vm'
import { transformSync } from '@swc/core'
import { ModuleMocker } from 'jest-mock'

const nodeRequire = createRequire(import.meta.url)
const compiled = new Map()

/** The function of a module as CommonJS; `jest.mock` comes before the imports, as @swc/jest has it. */
function compile(path) {
  let wrapper = compiled.get(path)
  if (!wrapper) {
    const { code } = transformSync(readFileSync(path, 'utf8'), {
      filename: path,
      swcrc: false,
      sourceMaps: false,
      jsc: { target: 'es2022', parser: { syntax: 'typescript' }, transform: { hidden: { jest: true } } },
      module: { type: 'commonjs' },
    })
    wrapper = vm.compileFunction(code, ['module', 'exports', 'require', 'jest'], { filename: path })
    compiled.set(path, wrapper)
  }
  return wrapper
}

/** The sources of our packages, found by the condition that all our tools use; undefined: Node finds it. */
function source(name, from) {
  if (name.startsWith('.')) return join(dirname(from), name)
  const [, package_, rest] = /^@graphlinks\/([^/]+)(.*)$/.exec(name) ?? []
  if (package_ === undefined) return undefined
  const { exports } = JSON.parse(readFileSync(`packages/${package_}/package.json`, 'utf8'))
  return join(process.cwd(), 'packages', package_, exports[`.${rest}`]['@graphlinks/source'])
}

/** What Jest gives to one test file: its own modules and mocks. */
export class TestFile {
  modules = new Map()
  mocks = new Map()
  mocker = new ModuleMocker(globalThis)

  load(path, { actual = false } = {}) {
    const mock = this.mocks.get(path)
    if (mock && !actual) return (mock.exports ??= mock.make())
    let module = this.modules.get(path)
    if (!module) {
      module = { exports: {} }
      this.modules.set(path, module)
      const require = (name) => {
        const found = source(name, path)
        return found ? this.load(found) : nodeRequire(name)
      }
      compile(path)(module, module.exports, require, this.jest(path))
    }
    return module.exports
  }

  jest(path) {
    return {
      fn: (implementation) => this.mocker.fn(implementation),
      spyOn: (...args) => this.mocker.spyOn(...args),
      restoreAllMocks: () => this.mocker.restoreAllMocks(),
      mock: (name, make) => this.mocks.set(source(name, path), { make }),
      requireActual: (name) => this.load(source(name, path), { actual: true }),
      isolateModules: (run) => {
        const { modules } = this
        this.modules = new Map()
        try {
          run()
        } finally {
          this.modules = modules
        }
      },
    }
  }
}
