import t from 'tap'
import { randomBytes } from 'node:crypto'
import { createVault } from '../../src/access/secrets.ts'

const vault = createVault(randomBytes(32))
const SECRET = Buffer.from('khóa bí mật')

t.test('a sealed secret opens again, and shows nothing of itself', async (t) => {
  const sealed = vault.seal(SECRET, 'connection/national')
  t.strictSame(vault.open(sealed, 'connection/national'), SECRET)
  t.notOk(sealed.includes(SECRET))
  t.notSame(vault.seal(SECRET, 'connection/national'), sealed)
  t.strictSame(vault.open(vault.seal(Buffer.alloc(0), 'x'), 'x'), Buffer.alloc(0))
})

t.test('whether a secret is sealed already can be asked', async (t) => {
  const sealed = vault.seal(SECRET, 'x')
  t.ok(vault.holds(sealed, SECRET, 'x'))
  t.notOk(vault.holds(sealed, Buffer.from('other'), 'x'))
  t.notOk(vault.holds(sealed, SECRET, 'y'), 'what does not open is not held')
})

t.test('a secret sealed for one place opens in no other', async (t) => {
  const sealed = vault.seal(SECRET, 'connection/national')
  t.throws(() => vault.open(sealed, 'connection/province'))
})

t.test('another master key does not open it, and the error says so', async (t) => {
  const sealed = vault.seal(SECRET, 'x')
  t.throws(() => createVault(randomBytes(32)).open(sealed, 'x'), /another master key/)
})

t.test('a secret with one bit changed, anywhere, or cut short, does not open', async (t) => {
  const sealed = vault.seal(SECRET, 'x')
  for (let position = 0; position < sealed.length; position++) {
    const changed = Buffer.from(sealed)
    changed[position]! ^= 1
    t.throws(() => vault.open(changed, 'x'), `byte ${position}`)
    t.throws(() => vault.open(sealed.subarray(0, position), 'x'), `length ${position}`)
  }
})

t.test('a master key has 32 bytes', async (t) => {
  t.throws(() => createVault(randomBytes(16)), /32 bytes/)
})
