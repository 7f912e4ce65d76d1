import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { ConfigError, loadConfig, type Environment, type Flags } from './config.ts'

const key = Buffer.alloc(32, 7).toString('base64')

function problemsOf(env: Environment, flags: Flags = {}): readonly string[] {
  try {
    loadConfig(env, flags)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

describe('the configuration', () => {
  it('needs nothing from anybody', () => {
    expect(loadConfig({}, {})).toEqual({
      databaseUrl: undefined,
      dataDir: path.resolve('data'),
      host: '127.0.0.1',
      port: 8080,
      workers: true,
      logLevel: 'info',
      lanes: 2,
      queueMax: 10_000,
      bodyBytesMax: 6_291_456,
      headerBytesMax: 8_388_608,
      batchItemsMax: 1000,
      rateLimitPerSecond: 5000,
      tokenRateLimitPerMinute: 60,
      walleeWindowSeconds: 600,
      poolSize: 8,
      secretKey: undefined,
      issuer: 'quittance',
      publicUrl: undefined,
      trustProxy: false,
      webhookAllow: [],
      files: { kind: 'disk' },
      messages: {
        smtpUrl: undefined,
        mailFrom: undefined,
        smsUrl: undefined,
        smsToken: undefined,
      },
      demo: false,
    })
  })

  it('hands mail to an SMTP server only where it is said from whom', () => {
    const smtpUrl = 'smtp://user:pass@mail.example:2525'
    const env = { QUITTANCE_SMTP_URL: smtpUrl, QUITTANCE_MAIL_FROM: 'a@example.com' }
    expect(loadConfig(env, {}).messages).toMatchObject({ smtpUrl, mailFrom: 'a@example.com' })
    expect(problemsOf({ QUITTANCE_SMTP_URL: smtpUrl })).toEqual([
      expect.stringMatching(/^QUITTANCE_MAIL_FROM: QUITTANCE_SMTP_URL needs it/),
    ])
  })

  it.each(['http://mail.example', 'smtp://', 'smtp://u:secret@mail.example/x?y=1'])(
    'refuses %s for an SMTP server without showing it',
    (url) => {
      const env = { QUITTANCE_SMTP_URL: url, QUITTANCE_MAIL_FROM: 'a@example.com' }
      expect(problemsOf(env)).toEqual([
        expect.stringMatching(/^QUITTANCE_SMTP_URL: its value is not accepted/),
      ])
    },
  )

  it('keeps files at an S3 server where it is told all that needs', () => {
    const env = {
      QUITTANCE_FILES: 's3',
      QUITTANCE_S3_ENDPOINT: 'https://s3.example:9000/',
      QUITTANCE_S3_BUCKET: 'files',
      QUITTANCE_S3_ACCESS_KEY_ID: 'id',
      QUITTANCE_S3_SECRET_ACCESS_KEY: 'secret/+=',
    }
    expect(loadConfig(env, {}).files).toEqual({
      kind: 's3',
      endpoint: 'https://s3.example:9000',
      bucket: 'files',
      region: 'us-east-1',
      accessKeyId: 'id',
      secretAccessKey: 'secret/+=',
    })
    expect(problemsOf({ QUITTANCE_FILES: 's3', QUITTANCE_S3_BUCKET: 'files' })).toEqual([
      expect.stringMatching(/^QUITTANCE_S3_ENDPOINT: QUITTANCE_FILES=s3 needs it/),
      expect.stringMatching(/^QUITTANCE_S3_ACCESS_KEY_ID: QUITTANCE_FILES=s3 needs it/),
      expect.stringMatching(/^QUITTANCE_S3_SECRET_ACCESS_KEY: QUITTANCE_FILES=s3 needs it/),
    ])
    const wrong = { QUITTANCE_S3_SECRET_ACCESS_KEY: 'not one word', QUITTANCE_S3_BUCKET: 'A/b' }
    const told = problemsOf({ ...env, ...wrong, QUITTANCE_S3_ENDPOINT: 'ftp://x' })
    expect(told).toHaveLength(3)
    expect(told.join()).not.toContain('not one word')
    expect(problemsOf({ QUITTANCE_FILES: 'tape' })).toHaveLength(1)
  })

  it('reads the environment', () => {
    const config = loadConfig(
      {
        DATABASE_URL: 'postgres://me:secret@db.example:5433/books',
        QUITTANCE_PORT: '0',
        QUITTANCE_WORKERS: 'off',
        QUITTANCE_SECRET_KEY: key,
        QUITTANCE_TRUST_PROXY: 'on',
        QUITTANCE_ISSUER: 'https://debts.example/',
        PATH: '/bin',
      },
      {},
    )
    expect(config).toMatchObject({
      databaseUrl: 'postgres://me:secret@db.example:5433/books',
      port: 0,
      workers: false,
      trustProxy: 'loopback,linklocal,uniquelocal',
      issuer: 'https://debts.example/',
    })
    expect(config.secretKey?.equals(Buffer.alloc(32, 7))).toBe(true)
  })

  it('takes a flag before a variable', () => {
    const config = loadConfig(
      { QUITTANCE_PORT: '8081', QUITTANCE_DATA_DIR: '/a' },
      { port: '8082', dataDir: '/b', demo: true },
    )
    expect(config).toMatchObject({ port: 8082, dataDir: '/b', demo: true })
  })

  it('takes an empty variable for one that is not there', () => {
    expect(loadConfig({ QUITTANCE_PORT: '', DATABASE_URL: '' }, {})).toMatchObject({
      port: 8080,
      databaseUrl: undefined,
    })
  })

  it('reaches a database over a socket', () => {
    const url = 'postgres://me@/books?host=/run/postgresql'
    expect(loadConfig({ DATABASE_URL: url }, {}).databaseUrl).toBe(url)
  })

  it('trusts the proxies that are named, and no sentence', () => {
    const trusted = (text: string) => loadConfig({ QUITTANCE_TRUST_PROXY: text }, {}).trustProxy
    expect(trusted('10.0.0.7, 10.1.0.0/16,fd00::/8,loopback')).toBe(
      '10.0.0.7,10.1.0.0/16,fd00::/8,loopback',
    )
    expect(trusted('off')).toBe(false)
    for (const wrong of ['2', '10.0.0.0/33', '10.0.0.7,', 'my proxy']) {
      expect(() => trusted(wrong)).toThrow('QUITTANCE_TRUST_PROXY')
    }
  })

  it('lets webhooks reach the networks that are named, and no sentence', () => {
    const allowed = (text: string) => loadConfig({ QUITTANCE_WEBHOOK_ALLOW: text }, {}).webhookAllow
    expect(allowed('127.0.0.1, 10.1.0.0/16,fd00::/8,::1')).toEqual([
      '127.0.0.1/32',
      '10.1.0.0/16',
      'fd00::/8',
      '::1/128',
    ])
    for (const wrong of ['localhost', '10.0.0.0/33', '10.0.0.7,', 'loopback', 'on']) {
      expect(() => allowed(wrong)).toThrow('QUITTANCE_WEBHOOK_ALLOW')
    }
  })

  it('names every wrong value at once and what is accepted', () => {
    const problems = problemsOf(
      { QUITTANCE_LANES: '0', QUITTANCE_LOG_LEVEL: 'loud', QUITTANCE_POOL_SIZE: '8.5' },
      { port: '70000', workers: 'maybe' },
    )
    expect(problems).toEqual([
      '--port: "70000" is not accepted; give a whole number from 0 to 65535',
      '--workers: "maybe" is not accepted; give on or off',
      'QUITTANCE_LOG_LEVEL: "loud" is not accepted; give one of trace, debug, info, warn, error, fatal, silent',
      'QUITTANCE_LANES: "0" is not accepted; give a whole number from 1 to 64',
      'QUITTANCE_POOL_SIZE: "8.5" is not accepted; give a whole number from 1 to 200',
    ])
  })

  it('refuses a flag that says nothing', () => {
    expect(problemsOf({}, { dataDir: ' ' })).toEqual([
      '--data-dir: " " is not accepted; give a directory',
    ])
  })

  it('keeps secrets out of its complaints', () => {
    const problems = problemsOf({
      DATABASE_URL: 'mysql://me:hunter2@db/books',
      QUITTANCE_SECRET_KEY: 'hunter2',
    })
    expect(problems).toHaveLength(2)
    expect(problems.join()).not.toContain('hunter2')
  })

  it('refuses a setting that does not exist and guesses which was meant', () => {
    expect(problemsOf({ QUITTANCE_DATADIR: '/x', QUITTANCE_COLOUR: 'blue' })).toEqual([
      'QUITTANCE_COLOUR: there is no such setting',
      'QUITTANCE_DATADIR: there is no such setting; did you mean QUITTANCE_DATA_DIR?',
    ])
  })
})
