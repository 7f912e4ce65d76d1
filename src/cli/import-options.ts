import type { Command } from 'commander'
import type { ImportFlags } from './import.ts'

/** The words of the import command. Its work is loaded only when it is asked for. */
export function addImport(program: Command): Command {
  return (
    program
      .command('import')
      .description('load accounts, claims or ledger entries from a CSV file')
      .argument('<file>', 'a CSV file with a head')
      .option('--tenant <id|name>', 'whose they are')
      .option('--kind <accounts|claims|entries>', 'what a row is')
      .option('--map <field=column>', 'where a field comes from; field=:text for all rows', collect)
      .option('--mapping <file.json>', 'a mapping that was saved')
      .option('--save-mapping <file.json>', 'keep this mapping for the next time')
      .option('--currency <code>', 'the currency of all rows')
      .option('--date-format <format>', 'how dates are written (default: YYYY-MM-DD)')
      .option('--decimal-mark <mark>', 'what stands before the cents (default: .)')
      .option('--unknown-country <code>', 'in place of a country that ISO 3166 does not know')
      .option('--delimiter <character>', 'what separates cells (default: ,)')
      .option('--encoding <utf-8|windows-1252>', 'of the file (default: utf-8)')
      .option(
        '--result <file.csv>',
        'where to write what became of every row (default: <file>.result.csv beside the file)',
      )
      .option('--no-result', 'do not write what became of every row')
      .option('--dry-run', 'say what would happen and write nothing')
      .option('--json', 'print one JSON object')
      // A command that cannot be used ends with 2; 1 says that some rows could not be.
      .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
      .action(async (file: string, flags: ImportFlags) => {
        const { importCommand } = await import('./import.ts')
        await importCommand(file, flags)
      })
  )
}

const collect = (value: string, before: string[] = []) => [...before, value]
