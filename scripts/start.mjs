import { run } from './run.mjs'

// npm start: everything at once, with a demo tenant and data on the first run.
await run([...process.argv.slice(0, 2), 'serve', '--demo', ...process.argv.slice(2)])
