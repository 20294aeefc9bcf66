import t from 'tap'
import { XmlDocument } from 'libxml2-wasm'
import type { XmlElement } from 'libxml2-wasm'
import { readElements } from '../../src/edxml/elements.ts'
import type { Element } from '../../src/edxml/elements.ts'
import { canonicalise, EXCLUSIVE_C14N, INCLUSIVE_C14N, INCLUSIVE_C14N11 } from '../../src/edxml/xml.ts'
import { DOCUMENT } from './packets.ts'

/** The same tree, out of libxml2's. */
function treeOf (element: XmlElement): Element {
  const children: Element[] = []
  let text = ''
  for (const node of element.find('node()')) {
    if ('attrs' in node) children.push(treeOf(node as XmlElement))
    else if (!node.constructor.name.includes('Comment')) text += node.content
  }
  const attributes = Object.create(null) as Record<string, string>
  for (const { name, namespaceUri, value } of element.attrs) attributes[namespaceUri === '' ? name : `{${namespaceUri}}${name}`] = value
  return { namespace: element.namespaceUri, name: element.name, attributes, children, text }
}

const DOCUMENTS = [
  '<a/>',
  '<a x=" a&#9;&#10;&#13;b &gt; &lt; &quot; \' &amp;amp; "> &amp;lt; &#13; <![CDATA[<x>&amp;]]>]]&gt;</a>',
  '<a><!-- c -->1<b/>2<!-- d -->3<b> </b>\n</a>',
  '<x:a xmlns:x="urn:x" xmlns="urn:d"><b y="1" x:y="2"/><x:b xmlns:x="urn:z" x:y="3"/><b xmlns=""><c/></b></x:a>',
  '<a xml:lang="vi" xml:space="preserve"><b xml:lang="en"/></a>',
  '<a><constructor/><__proto__>1</__proto__><prototype/><hasOwnProperty/><toString/></a>',
  '<a constructor="1" __proto__="2" prototype="3" hasOwnProperty="4" valueOf="5"/>',
  '<đơn_vị tên="Văn phòng"><\u{feff}x/><\u1680y/><a.b-c·d/></đơn_vị>',
  '<a b="/"><c d="x/">/</c>/</a>',
  '<a b="x=\'y\' z=&quot;w&quot;" c="&#38;#38;"/>',
  '<a xmlns:e="urn:x?y=1&amp;z=2"><e:b/></a>',
  DOCUMENT,
]

t.test('canonical octets say what libxml2 read', async (t) => {
  for (const text of DOCUMENTS) {
    using document = XmlDocument.fromString(text)
    const expected = treeOf(document.root)
    for (const method of [EXCLUSIVE_C14N, INCLUSIVE_C14N, INCLUSIVE_C14N11] as const) {
      t.strictSame(readElements(canonicalise(Buffer.from(text), method)), expected, text.slice(0, 60))
    }
  }
})

t.test('octets that are not canonical are never half understood', async (t) => {
  const octets = ['', 'x', '<a>', '<a/>', '<a></b>', '<a b=\'1\'></a>', '<a  b="1"></a>', '<a b="1" ></a>', '<!-- --><a></a>', '<?xml version="1.0"?><a></a>', '<a><![CDATA[x]]></a>', '<x:a></x:a>', '<a b></a>', '</a>']
  for (const text of octets) t.throws(() => readElements(Buffer.from(text)), Error, text)
})
