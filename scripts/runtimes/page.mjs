// The suite in a page.
import { runSuite } from './suite.mjs'

globalThis.runSuite = () => runSuite({ origin: location.origin, isBrowser: true })
