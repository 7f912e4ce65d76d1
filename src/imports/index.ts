export {
  type Mapping,
  type MappingOptions,
  mappingOf,
  mergedMapping,
  readSavedMapping,
  type SavedMapping,
} from './mapping.ts'
export { ImportUsageError } from './problems.ts'
export { noResultFile, partOf, resultFile, resultHead, resultPathOf } from './result-file.ts'
export { type ImportSummary, type Progress, runImport } from './run-import.ts'
