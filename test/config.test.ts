import t from 'tap'
import { randomBytes } from 'node:crypto'
import { ConfigError, loadConfig, SETTINGS, type Environment } from '../src/config.ts'

const masterKey = randomBytes(32)
const PRODUCTION = { MASTER_KEY: masterKey.toString('base64'), TRUST_DIR: '/etc/lienthong/trust' }

function faultsOf (env: Environment): readonly string[] {
  try {
    loadConfig(env)
  } catch (error) {
    if (error instanceof ConfigError) return error.faults
    throw error
  }
  return []
}

t.test('production needs a master key and trust anchors, and nothing else', async (t) => {
  t.strictSame(loadConfig(PRODUCTION), {
    mode: 'production',
    host: '127.0.0.1',
    port: 8080,
    database: { kind: 'embedded', folder: './data' },
    databaseConnections: 16,
    masterKey,
    trustDir: '/etc/lienthong/trust',
    maxPacketBytes: 100 * 1024 * 1024,
    shutdownMs: 8000,
    logLevel: 'info',
  })
})

t.test('every fault is listed at once', async (t) => {
  t.strictSame(faultsOf({ LIENTHONG_MODE: 'prod', PORT: '70000', DATABASE_URL: 'mysql://x', DATABASE_CONNECTIONS: 'many', LOG_LEVEL: 'loud', MASTER_KEY: 'short' }), [
    'LIENTHONG_MODE must be one of production, demo, test',
    'PORT must be <= 65535',
    'DATABASE_URL must be a PostgreSQL address (postgres://…)',
    'DATABASE_CONNECTIONS must be integer',
    'LOG_LEVEL must be one of fatal, error, warn, info, debug, trace, silent',
    'DATABASE_URL and DATABASE_OWNER_URL must be given together',
    'MASTER_KEY must be the base64 of 32 bytes',
  ])
  t.strictSame(faultsOf({}), ['TRUST_DIR is required in production', 'MASTER_KEY (or MASTER_KEY_FILE) is required in production'])
})

t.test('a fault never shows the value, which may be a secret', async (t) => {
  const faults = faultsOf({ ...PRODUCTION, MASTER_KEY: 'hush-master', DATABASE_URL: 'hush://user:hush@db/x', DATABASE_OWNER_URL: 'postgres://o@db/x' })
  t.equal(faults.length, 2)
  t.notMatch(faults.join(), /hush/)
})

t.test('demo and test run without keys of their own', async (t) => {
  const demo = loadConfig({ LIENTHONG_MODE: 'demo' })
  t.equal(demo.mode, 'demo')
  t.equal(demo.trustDir, null)
  t.equal(demo.masterKey.length, 32)
  t.strictSame(demo.masterKey, loadConfig({ LIENTHONG_MODE: 'test' }).masterKey)
})

t.test('an external database is named by two roles', async (t) => {
  const urls = { DATABASE_URL: 'postgres://gateway@db/lienthong', DATABASE_OWNER_URL: 'postgresql://owner@db/lienthong' }
  t.strictSame(loadConfig({ ...PRODUCTION, ...urls }).database, { kind: 'external', url: urls.DATABASE_URL, ownerUrl: urls.DATABASE_OWNER_URL })
})

t.test('the master key may come from a file', async (t) => {
  const folder = t.testdir({ key: `${PRODUCTION.MASTER_KEY}\n`, wrong: 'AAAA' })
  const withFile = (file: string) => ({ TRUST_DIR: PRODUCTION.TRUST_DIR, MASTER_KEY_FILE: `${folder}/${file}` })
  t.strictSame(loadConfig(withFile('key')).masterKey, masterKey)
  t.strictSame(faultsOf(withFile('wrong')), ['MASTER_KEY_FILE must be the base64 of 32 bytes'])
  t.strictSame(faultsOf(withFile('none')), ['MASTER_KEY_FILE cannot be read (ENOENT)'])
  t.strictSame(faultsOf({ ...PRODUCTION, MASTER_KEY_FILE: `${folder}/key` }), ['MASTER_KEY and MASTER_KEY_FILE must not both be given'])
})

t.test('a setting that is empty counts as not given', async (t) => {
  t.equal(loadConfig({ ...PRODUCTION, PORT: '', DATABASE_URL: '' }).port, 8080)
})

t.test('every setting has a meaning', async (t) => {
  t.strictSame(SETTINGS.filter(({ meaning }) => meaning === ''), [])
  t.match(SETTINGS.find(({ name }) => name === 'PORT'), { default: '8080' })
  t.equal(SETTINGS.find(({ name }) => name === 'MASTER_KEY')?.default, null)
})
