import path from 'node:path'
import { editDistance } from './edit-distance.ts'
import {
  matching,
  parseDatabaseUrl,
  parseEndpoint,
  parseNetworks,
  parseSecretKey,
  parseSmtpUrl,
  parseSwitch,
  parseTrustProxy,
  secretKeyBytes,
  type Setting,
  wholeNumber,
} from './setting.ts'

/** Everything that can be set from outside, checked and complete. */
export interface Config {
  /** Undefined: the embedded PostgreSQL in `dataDir`. */
  readonly databaseUrl: string | undefined
  readonly dataDir: string
  readonly host: string
  readonly port: number
  readonly workers: boolean
  readonly logLevel: LogLevel
  readonly lanes: number
  readonly queueMax: number
  readonly bodyBytesMax: number
  /** All headers of a request with its first line, in which the wallee doors take documents. */
  readonly headerBytesMax: number
  readonly batchItemsMax: number
  readonly rateLimitPerSecond: number
  readonly tokenRateLimitPerMinute: number
  readonly poolSize: number
  /** Undefined: the file `secret.key` in `dataDir`. */
  readonly secretKey: Buffer | undefined
  readonly issuer: string
  /** How far the time of a signed wallee request may lie from ours. */
  readonly walleeWindowSeconds: number
  /** Where people reach this server, without a slash at its end; undefined: where it listens. */
  readonly publicUrl: string | undefined
  /** The addresses of proxies that may name the caller's, as Fastify takes them; false: none may. */
  readonly trustProxy: false | string
  /** Networks that webhooks may reach although they are not public, as CIDR. */
  readonly webhookAllow: readonly string[]
  readonly files: FilesConfig
  readonly messages: MessagesConfig
  readonly demo: boolean
}

/** How messages leave; without a URL those of a channel stay in the outbox. */
export interface MessagesConfig {
  readonly smtpUrl: string | undefined
  /** Given wherever `smtpUrl` is. */
  readonly mailFrom: string | undefined
  readonly smsUrl: string | undefined
  readonly smsToken: string | undefined
}

/** Where uploaded files are kept: beside everything else in `dataDir`, or at a server that speaks S3. */
export type FilesConfig = { readonly kind: 'disk' } | S3Config

export interface S3Config {
  readonly kind: 's3'
  /** Without a slash at its end. */
  readonly endpoint: string
  readonly bucket: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

/** What the command line says; it goes before the environment. */
export interface Flags {
  databaseUrl?: string
  dataDir?: string
  host?: string
  port?: string
  workers?: string
  demo?: boolean
}

export type Environment = Readonly<Record<string, string | undefined>>

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

/** Settings that cannot be used, each with what is accepted instead. */
export class ConfigError extends Error {
  override name = 'ConfigError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(['These settings cannot be used:', ...problems.map((line) => `  ${line}`)].join('\n'))
    this.problems = problems
  }
}

/** The environment of this process; no other file reads it. */
export function processEnv(): Environment {
  return process.env
}

const mebibyte = 1024 * 1024

const settings = {
  databaseUrl: {
    variable: 'DATABASE_URL',
    flag: 'databaseUrl',
    accepts: 'a URL such as postgres://user:password@host:5432/database',
    parse: parseDatabaseUrl,
    fallback: undefined,
    isSecret: true,
  } satisfies Setting<string | undefined>,
  dataDir: {
    variable: 'QUITTANCE_DATA_DIR',
    flag: 'dataDir',
    accepts: 'a directory',
    parse: (text) => path.resolve(text),
    fallback: path.resolve('data'),
  } satisfies Setting<string>,
  host: {
    variable: 'QUITTANCE_HOST',
    flag: 'host',
    accepts: 'a host name or an address, without a port',
    parse: (text) => (/^[\w.:%-]+$/.test(text) ? text : undefined),
    fallback: '127.0.0.1',
  } satisfies Setting<string>,
  port: {
    ...wholeNumber('QUITTANCE_PORT', { least: 0, most: 65_535, fallback: 8080 }),
    flag: 'port',
  } satisfies Setting<number>,
  workers: {
    variable: 'QUITTANCE_WORKERS',
    flag: 'workers',
    accepts: 'on or off',
    parse: parseSwitch,
    fallback: true,
  } satisfies Setting<boolean>,
  logLevel: {
    variable: 'QUITTANCE_LOG_LEVEL',
    accepts: `one of ${logLevels.join(', ')}`,
    parse: (text) => logLevels.find((level) => level === text),
    fallback: 'info',
  } satisfies Setting<LogLevel>,
  lanes: wholeNumber('QUITTANCE_LANES', { least: 1, most: 64, fallback: 2 }),
  queueMax: wholeNumber('QUITTANCE_QUEUE_MAX', { least: 1, most: 1_000_000, fallback: 10_000 }),
  bodyBytesMax: wholeNumber('QUITTANCE_BODY_BYTES_MAX', {
    least: 1024,
    most: 256 * mebibyte,
    fallback: 6 * mebibyte,
  }),
  headerBytesMax: wholeNumber('QUITTANCE_HEADER_BYTES_MAX', {
    least: 16 * 1024,
    most: 64 * mebibyte,
    fallback: 8 * mebibyte,
  }),
  batchItemsMax: wholeNumber('QUITTANCE_BATCH_ITEMS_MAX', {
    least: 1,
    most: 100_000,
    fallback: 1000,
  }),
  rateLimitPerSecond: wholeNumber('QUITTANCE_RATE_LIMIT_PER_SECOND', {
    least: 1,
    most: 1_000_000,
    fallback: 5000,
  }),
  tokenRateLimitPerMinute: wholeNumber('QUITTANCE_TOKEN_RATE_LIMIT_PER_MINUTE', {
    least: 1,
    most: 1_000_000,
    fallback: 60,
  }),
  walleeWindowSeconds: wholeNumber('QUITTANCE_WALLEE_WINDOW_SECONDS', {
    least: 1,
    most: 86_400,
    fallback: 600,
  }),
  poolSize: wholeNumber('QUITTANCE_POOL_SIZE', { least: 1, most: 200, fallback: 8 }),
  secretKey: {
    variable: 'QUITTANCE_SECRET_KEY',
    accepts: `${secretKeyBytes} bytes in base64, such as openssl rand -base64 32 prints`,
    parse: parseSecretKey,
    fallback: undefined,
    isSecret: true,
  } satisfies Setting<Buffer | undefined>,
  issuer: {
    variable: 'QUITTANCE_ISSUER',
    accepts: 'a name or a URL without spaces, at most 200 characters',
    parse: (text) => (/^[\x21-\x7e]{1,200}$/.test(text) ? text : undefined),
    fallback: 'quittance',
  } satisfies Setting<string>,
  publicUrl: {
    variable: 'QUITTANCE_PUBLIC_URL',
    accepts: 'a URL such as https://pay.example.com',
    parse: parseEndpoint,
    fallback: undefined,
  } satisfies Setting<string | undefined>,
  trustProxy: {
    variable: 'QUITTANCE_TRUST_PROXY',
    accepts: 'off, on (proxies at private addresses), or their addresses: 10.0.0.7, 10.1.0.0/16',
    parse: parseTrustProxy,
    fallback: false,
  } satisfies Setting<false | string>,
  webhookAllow: {
    variable: 'QUITTANCE_WEBHOOK_ALLOW',
    accepts: 'addresses or networks with commas between them: 10.0.0.7, 10.1.0.0/16, fd00::/8',
    parse: parseNetworks,
    fallback: [],
  } satisfies Setting<readonly string[]>,
  files: {
    variable: 'QUITTANCE_FILES',
    accepts: 'disk or s3',
    parse: (text) => (['disk', 's3'] as const).find((kind) => kind === text),
    fallback: 'disk',
  } satisfies Setting<FilesConfig['kind']>,
  smtpUrl: {
    variable: 'QUITTANCE_SMTP_URL',
    accepts: 'a URL such as smtp://user:password@mail.example.com:587, or smtps://',
    parse: parseSmtpUrl,
    fallback: undefined,
    isSecret: true,
  } satisfies Setting<string | undefined>,
  mailFrom: matching(
    'QUITTANCE_MAIL_FROM',
    /^[\w.+-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9-]*\.)+[A-Za-z]{2,}$/,
    'an address such as collections@example.com',
  ),
  smsUrl: {
    variable: 'QUITTANCE_SMS_URL',
    accepts: 'a URL such as https://sms.example.com/messages',
    parse: parseEndpoint,
    fallback: undefined,
  } satisfies Setting<string | undefined>,
  smsToken: {
    ...matching('QUITTANCE_SMS_TOKEN', /^[\x21-\x7e]{1,2000}$/, 'a token'),
    isSecret: true,
  } satisfies Setting<string | undefined>,
  s3Endpoint: {
    variable: 'QUITTANCE_S3_ENDPOINT',
    accepts: 'a URL such as https://s3.eu-central-1.amazonaws.com',
    parse: parseEndpoint,
    fallback: undefined,
  } satisfies Setting<string | undefined>,
  s3Bucket: matching(
    'QUITTANCE_S3_BUCKET',
    /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
    'the name of a bucket',
  ),
  s3Region: matching('QUITTANCE_S3_REGION', /^[a-z0-9-]{1,50}$/, 'a region such as eu-central-1'),
  s3AccessKeyId: matching('QUITTANCE_S3_ACCESS_KEY_ID', /^[\x21-\x7e]{1,200}$/, 'a key id'),
  s3SecretAccessKey: {
    ...matching('QUITTANCE_S3_SECRET_ACCESS_KEY', /^[\x21-\x7e]{1,200}$/, 'a key'),
    isSecret: true,
  } satisfies Setting<string | undefined>,
}

/** Reads every setting from flags and environment, or names all that cannot be used at once. */
export function loadConfig(env: Environment, flags: Flags): Config {
  const problems = unknownVariables(env)
  const read = <T>(setting: Setting<T>): T => readSetting({ env, flags, problems }, setting)
  const config: Config = {
    databaseUrl: read(settings.databaseUrl),
    dataDir: read(settings.dataDir),
    host: read(settings.host),
    port: read(settings.port),
    workers: read(settings.workers),
    logLevel: read(settings.logLevel),
    lanes: read(settings.lanes),
    queueMax: read(settings.queueMax),
    bodyBytesMax: read(settings.bodyBytesMax),
    headerBytesMax: read(settings.headerBytesMax),
    batchItemsMax: read(settings.batchItemsMax),
    rateLimitPerSecond: read(settings.rateLimitPerSecond),
    tokenRateLimitPerMinute: read(settings.tokenRateLimitPerMinute),
    walleeWindowSeconds: read(settings.walleeWindowSeconds),
    poolSize: read(settings.poolSize),
    secretKey: read(settings.secretKey),
    issuer: read(settings.issuer),
    publicUrl: read(settings.publicUrl),
    trustProxy: read(settings.trustProxy),
    webhookAllow: read(settings.webhookAllow),
    files: readFiles({ env, flags, problems }),
    messages: readMessages({ env, flags, problems }),
    demo: flags.demo ?? false,
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return config
}

interface Source {
  env: Environment
  flags: Flags
  problems: string[]
}

function readSetting<T>({ env, flags, problems }: Source, setting: Setting<T>): T {
  const flagText = setting.flag === undefined ? undefined : flags[setting.flag]
  // An empty variable is one that a shell script or a compose file left unset.
  const text = flagText ?? (env[setting.variable] || undefined)
  if (text === undefined) return setting.fallback
  const value = text.trim() === '' ? undefined : setting.parse(text.trim())
  if (value !== undefined) return value
  const name = flagText === undefined ? setting.variable : flagName(setting.flag ?? '')
  const shown = setting.isSecret === true ? 'its value' : JSON.stringify(text)
  problems.push(`${name}: ${shown} is not accepted; give ${setting.accepts}`)
  return setting.fallback
}

const regionDefault = 'us-east-1'

/** S3 needs all of its settings; what is missing is named. */
function readFiles(source: Source): FilesConfig {
  const kind = readSetting(source, settings.files)
  const endpoint = readSetting(source, settings.s3Endpoint)
  const bucket = readSetting(source, settings.s3Bucket)
  const region = readSetting(source, settings.s3Region) ?? regionDefault
  const accessKeyId = readSetting(source, settings.s3AccessKeyId)
  const secretAccessKey = readSetting(source, settings.s3SecretAccessKey)
  if (kind === 'disk') return { kind }
  if (endpoint && bucket && accessKeyId && secretAccessKey)
    return { kind, endpoint, bucket, region, accessKeyId, secretAccessKey }
  const { s3Endpoint, s3Bucket, s3AccessKeyId, s3SecretAccessKey } = settings
  for (const { variable, accepts } of [s3Endpoint, s3Bucket, s3AccessKeyId, s3SecretAccessKey]) {
    if (!source.env[variable])
      source.problems.push(`${variable}: QUITTANCE_FILES=s3 needs it; give ${accepts}`)
  }
  return { kind: 'disk' }
}

/** A server that mail is handed to wants to know from whom it is. */
function readMessages(source: Source): MessagesConfig {
  const smtpUrl = readSetting(source, settings.smtpUrl)
  const mailFrom = readSetting(source, settings.mailFrom)
  const smsUrl = readSetting(source, settings.smsUrl)
  const smsToken = readSetting(source, settings.smsToken)
  if (smtpUrl !== undefined && !source.env[settings.mailFrom.variable]) {
    const { variable, accepts } = settings.mailFrom
    source.problems.push(`${variable}: QUITTANCE_SMTP_URL needs it; give ${accepts}`)
  }
  return { smtpUrl, mailFrom, smsUrl, smsToken }
}

function flagName(flag: string): string {
  return `--${flag.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}

const typoDistanceMax = 3

function unknownVariables(env: Environment): string[] {
  const known = Object.values(settings).map((setting) => setting.variable)
  return Object.keys(env)
    .filter((name) => name.startsWith('QUITTANCE_') && !known.includes(name))
    .toSorted()
    .map((name) => {
      const nearest = known
        .map((candidate) => ({ candidate, distance: editDistance(name, candidate) }))
        .reduce((best, next) => (next.distance < best.distance ? next : best))
      const hint = nearest.distance <= typoDistanceMax ? `; did you mean ${nearest.candidate}?` : ''
      return `${name}: there is no such setting${hint}`
    })
}
