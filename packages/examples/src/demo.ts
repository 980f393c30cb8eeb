// npm start: shows each way to authenticate against a real server. Exits with 1 when something is not as expected.
import { runDemo } from './runDemo.ts'

// Whoever pipes the demo into `head` has seen enough.
process.stdout.on('error', () => process.exit())

const good = await runDemo({
  write: (line) => console.log(line),
  colour: process.stdout.isTTY && !process.env['NO_COLOR'],
})
process.exitCode = good ? 0 : 1
