import { readFileSync } from 'node:fs'
import path from 'node:path'
import { Command, Option } from 'commander'
import { packageRoot } from '../platform/package-root.ts'
import type { DoctorFlags } from './doctor.ts'
import { explain } from './explain.ts'
import { addImport } from './import-options.ts'
import type { JourneySimulateFlags } from './journey-simulate.ts'
import type { RotateKeysFlags } from './keys-rotate.ts'
import type { OutboxListFlags, OutboxShowFlags } from './outbox.ts'
import { outliveReaders, printNote } from './output.ts'
import type { ServeFlags } from './serve.ts'
import type { TenantCreateFlags } from './tenant-create.ts'
import type { WebhooksRedeliverFlags } from './webhooks-redeliver.ts'

// Each command brings its own modules along when it runs: a server's take a second to load, which no other command needs.

/** Runs the command that `argv` names, as in `process.argv`; a failure is told in words and sets the exit code. */
export async function runCli(argv: readonly string[]): Promise<void> {
  outliveReaders(process.stdout)
  outliveReaders(process.stderr)
  try {
    await createProgram().parseAsync([...argv])
  } catch (error) {
    printNote(explain(error))
    process.exitCode = 1
  }
}

function createProgram(): Command {
  const program = new Command('quittance')
    .description('Open, self-hosted debt servicing and collections.')
    .version(packageVersion())
    .showHelpAfterError('(quittance --help says more)')
  addServe(program)
  addTenant(program)
  addKeys(program)
  addWebhooks(program)
  addJourneys(program)
  addOutbox(program)
  withPlace(addImport(program))
  withPlace(program.command('doctor'))
    .description('check the installation and the books')
    .option('--json', 'print one JSON object')
    .action(async (flags: DoctorFlags) => (await import('./doctor.ts')).doctor(flags))
  return program
}

function addServe(program: Command): void {
  withPlace(program.command('serve'))
    .description('serve every API')
    .option('--port <number>', 'port to listen on; 0 picks a free one (default: 8080)')
    .option('--host <host>', 'address to listen on (default: 127.0.0.1)')
    .option('--workers <on|off>', 'also do the background work (default: on)')
    .addOption(new Option('--demo', 'a demo tenant and data on the first run').hideHelp())
    .action(async (flags: ServeFlags) => (await import('./serve.ts')).serve(flags))
}

function addTenant(program: Command): void {
  const tenant = program.command('tenant').description('manage tenants')
  withPlace(tenant.command('create'))
    .description('open a tenant and show its credentials, this once')
    .requiredOption('--name <name>', 'what it is called')
    .option('--sandbox', 'for trying out: it has a test clock')
    .option('--time-zone <zone>', 'where its days begin and end (default: Europe/Berlin)')
    .option('--json', 'print one JSON object')
    .action(async (flags: TenantCreateFlags) => {
      const { createTenantCommand } = await import('./tenant-create.ts')
      await createTenantCommand(flags)
    })
}

function addKeys(program: Command): void {
  const keys = program.command('keys').description('manage the keys that sign access tokens')
  withPlace(keys.command('rotate'))
    .description('let a new key sign; tokens of the old one stay good')
    .option('--json', 'print one JSON object')
    .action(async (flags: RotateKeysFlags) => (await import('./keys-rotate.ts')).rotateKeys(flags))
}

function addWebhooks(program: Command): void {
  const webhooks = program.command('webhooks').description('manage webhooks')
  withPlace(webhooks.command('redeliver'))
    .description('send messages once more, with the same message ids')
    .requiredOption('--tenant <id|name>', 'whose webhook it is')
    .requiredOption('--subscription <id>', 'the webhook')
    .option('--message <id>', 'one message of it')
    .option('--failed', 'all of its messages that were given up')
    .option('--json', 'print one JSON object')
    .action(async (flags: WebhooksRedeliverFlags) => {
      const { redeliverWebhooks } = await import('./webhooks-redeliver.ts')
      await redeliverWebhooks(flags)
    })
}

function addJourneys(program: Command): void {
  const journeys = program.command('journey').description('look at journeys')
  withPlace(journeys.command('simulate'))
    .description('show who would get what and when; nothing is sent')
    .requiredOption('--tenant <id|name>', 'whose journey it is')
    .requiredOption('--journey <id or name>', 'the journey')
    .requiredOption('--until <time>', 'how far to look ahead, such as 2030-12-31')
    .option('--journey-version <number>', 'another version than the newest')
    .option('--portfolio <reference>', 'only claims of this portfolio')
    .option('--claim <reference...>', 'only these claims')
    .option('--limit <number>', 'at most so many claims (default: 100)')
    .option('--json', 'print one JSON object')
    .action(async (flags: JourneySimulateFlags) => {
      const { simulateJourneyCommand } = await import('./journey-simulate.ts')
      await simulateJourneyCommand(flags)
    })
}

function addOutbox(program: Command): void {
  const outbox = program.command('outbox').description('look at messages to debtors')
  withPlace(outbox.command('list'))
    .description('messages, the newest first, each with why it was sent, was withheld or waits')
    .requiredOption('--tenant <id|name>', 'whose messages they are')
    .option('--claim <reference>', 'only those of this claim')
    .option('--status <status>', 'only those that are queued, sent, withheld, failed …')
    .option('--limit <number>', 'at most so many (default: 50)')
    .option('--json', 'print one JSON object')
    .action(async (flags: OutboxListFlags) => (await import('./outbox.ts')).listOutbox(flags))
  withPlace(outbox.command('show'))
    .description('one message')
    .argument('<id>', 'the message')
    .requiredOption('--tenant <id|name>', 'whose message it is')
    .option('--eml', 'print it as it left')
    .option('--json', 'print one JSON object')
    .action(async (id: string, flags: OutboxShowFlags) => {
      const { showOutbox } = await import('./outbox.ts')
      await showOutbox(id, flags)
    })
}

function withPlace(command: Command): Command {
  return command
    .option('--data-dir <directory>', 'where everything is kept (default: ./data)')
    .option('--database-url <url>', 'a PostgreSQL of your own, 15 to 18')
}

function packageVersion(): string {
  const text = readFileSync(path.join(packageRoot(), 'package.json'), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
