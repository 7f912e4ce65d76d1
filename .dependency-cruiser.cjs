/** Who may import whom. Lower never imports higher; "*" in a module's list would be a smell. */
const uses = {
  kernel: [],
  platform: ['kernel'],
  book: ['kernel', 'platform'],
  identity: ['kernel', 'platform'],
  events: ['kernel', 'platform'],
  webhooks: ['kernel', 'platform', 'events'],
  accounts: ['kernel', 'platform', 'book'],
  claims: ['kernel', 'platform', 'book', 'accounts'],
  payments: ['kernel', 'platform', 'book', 'accounts'],
  files: ['kernel', 'platform', 'book'],
  promises: ['kernel', 'platform', 'book', 'accounts'],
  mandates: ['kernel', 'platform', 'book', 'accounts'],
  demo: ['kernel', 'platform', 'book', 'identity', 'accounts', 'payments'],
  imports: ['kernel', 'platform', 'book', 'accounts', 'claims', 'payments'],
}
const modules = Object.keys(uses)
const others = (name) => modules.filter((m) => m !== name && !uses[name].includes(m))
const perModule = modules.map((name) => ({
  name: `${name}-uses`,
  severity: 'error',
  comment: `${name} may use: ${uses[name].join(', ') || 'nothing'}`,
  from: { path: `^src/${name}/`, pathNot: '\\.test\\.ts$' },
  to: { path: `^src/(${others(name).concat('faces', 'cli', 'app.ts', 'main.ts').join('|')})(/|$)` },
}))
module.exports = {
  forbidden: [
    ...perModule,
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'front-door',
      severity: 'error',
      comment: 'Other modules are used through their index only',
      from: { path: '^src/([^/]+)/', pathNot: '\\.test\\.ts$' },
      to: {
        path: '^src/(book|identity|events|webhooks|accounts|claims|payments|files|promises|mandates|imports|demo)/',
        pathNot: ['^src/$1/', '^src/[^/]+/(index|schema)\\.ts$'],
      },
    },
    {
      name: 'faces-apart',
      severity: 'error',
      comment: 'A face knows no other face',
      from: { path: '^src/faces/([^/]+)/' },
      to: { path: '^src/faces/', pathNot: '^src/faces/$1/' },
    },
    {
      name: 'temporal-in-one-place',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/kernel/dates\\.ts$' },
      to: { path: 'node_modules/temporal-polyfill' },
    },
    {
      name: 'no-test-in-src',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.test\\.ts$' },
      to: { path: '(^test/|\\.test\\.ts$)' },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      from: {
        orphan: true,
        pathNot: ['\\.test\\.ts$', '\\.d\\.ts$', '^test/', '^bench/', '\\.config\\.ts$'],
      },
      to: {},
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { extensions: ['.ts', '.tsx', '.js'] },
  },
}
