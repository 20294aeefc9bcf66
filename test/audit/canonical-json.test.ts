import t from 'tap'
import { canonicalJson } from '../../src/audit/canonical-json.ts'

t.test('the order in which names were written does not matter', async (t) => {
  t.equal(canonicalJson({ b: 1, a: { d: [3, { f: null, e: true }], c: 'x' } }), '{"a":{"c":"x","d":[3,{"e":true,"f":null}]},"b":1}')
})

t.test("RFC 8785's own example comes out as it says", async (t) => {
  const value = JSON.parse('{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/","literals":[null,true,false]}')
  t.equal(canonicalJson(value), '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}')
})

t.test('names are sorted by UTF-16 units', async (t) => {
  t.equal(canonicalJson({ '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\ud83d\ude00': 5, '\u0080': 6, 'ö': 7 }), '{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"😀":5,"\ufb33":3}')
})
