import t from 'tap'
import { isIntegrationCentre, parseAgencyCode, schemeOf } from '../../src/agencies/code.ts'
import { routeRecipients } from '../../src/agencies/routing.ts'
import { Refusal } from '../../src/errors.ts'

t.test('codes of both rules are told apart, and irregular ones are alive too', async (t) => {
  t.equal(schemeOf('000.46.24.H44'), 'qcvn102')
  t.equal(schemeOf('H37.02.02'), 'qd20')
  t.equal(schemeOf('G09.01'), 'qd20')
  t.equal(schemeOf('vxp.saas.03'), 'other')
})

t.test('a code is taken as it is but for the blanks around it', async (t) => {
  t.equal(parseAgencyCode(' H37.02 ', 'To'), 'H37.02')
  for (const text of ['', '  ', 'H37 02', 'H'.repeat(36)]) t.throws(() => parseAgencyCode(text, 'MessageHeader.To[1].OrganId'), Refusal, JSON.stringify(text))
})

t.test('integration centres are recognised wherever their level stands', async (t) => {
  t.ok(isIntegrationCentre('00.22.W00'))
  t.ok(isIntegrationCentre('W01'))
  t.notOk(isIntegrationCentre('H26.W'))
})

t.test('an agency is reached by the axis that listed it, any other by the first connection', async (t) => {
  const recipients = [{ code: 'A', source: 'axis:province' }, { code: 'B', source: 'setup' }, { code: 'C', source: 'axis:gone' }]
  t.same(routeRecipients(recipients, ['national', 'province']).map(({ connectionId, recipients }) => [connectionId, recipients.map(({ code }) => code)]),
    [['province', ['A']], ['national', ['B', 'C']]])
  t.same(routeRecipients(recipients, []), [])
})
