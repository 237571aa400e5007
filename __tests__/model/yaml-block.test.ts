import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { parse, stringify } from 'yaml'
import { readYamlBlock } from '../../src/model/sops-file/yaml-block.ts'

const age = 'age1qx0a4eukz6qvy2ga5qg7l0hf5a8kwy6vq6slwq3ykzp5spjm5gvs0k5pdr'
const wrapped = '-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n-----END AGE ENCRYPTED FILE-----\n'

/** What a YAML parser reads, wrapped keys left out. */
function reference(block: string): unknown {
  return JSON.parse(JSON.stringify(parse(block, { schema: 'failsafe' })), (name, value: unknown) => (name === 'enc' && String(value).startsWith('-----') ? '' : value))
}

describe('the block as sops writes it', () => {
  test.each([
    ['by 3.11', `    age:
        - recipient: ${age}
          enc: |
            ${wrapped.trim().replaceAll('\n', '\n            ')}
        - recipient: ${age}
          enc: |
            ${wrapped.trim().replaceAll('\n', '\n            ')}
    lastmodified: "2026-11-23T19:33:51Z"
    mac: ENC[AES256_GCM,data:AA==,iv:BB==,tag:CC==,type:str]
    unencrypted_suffix: _unencrypted
    version: 3.11.0
`],
    ['by 3.13, and by indent 2', `  shamir_threshold: 2
  key_groups:
    - hc_vault: []
      age:
        - enc: |
            ${wrapped.trim().replaceAll('\n', '\n            ')}
          recipient: ${age}
    - kms:
        - arn: arn:aws:kms:eu-west-1:1:key/k
          context:
            app: web
          created_at: "2026-11-23T19:33:51Z"
          enc: AQICAHh
          aws_profile: ""
  mac: ENC[AES256_GCM,data:AA==,iv:BB==,tag:CC==,type:str]
`],
  ])('%s is read as a parser reads it', (_, block) => {
    expect(readYamlBlock(block)).toEqual(reference(block))
  })

  test('is read as a parser reads it, or not at all, however it is laid out', () => {
    const name = fc.constantFrom('age', 'pgp', 'fp', 'recipient', 'mac', 'key_groups', 'API_KEY', 'tls.crt', 'a/b', 'x-1')
    const text = fc.oneof(fc.constantFrom('', 'null', '~', '0x12', '- a', 'a: b', 'a #b', '*a', '&a', '|', '[]', '{}', '"', "'", age, 'ENC[a,b:c]', 'a:'), fc.string())
    const value = fc.letrec((tie) => ({
      any: fc.oneof({ maxDepth: 3 }, text, tie('map'), fc.array(fc.oneof(tie('map'), text), { maxLength: 3 })),
      map: fc.dictionary(name, tie('any'), { maxKeys: 4 }),
    })).map
    const layout = fc.record({ indent: fc.constantFrom(2, 4), indentSeq: fc.boolean(), defaultStringType: fc.constantFrom('PLAIN', 'QUOTE_DOUBLE', 'QUOTE_SINGLE') })
    let read = 0
    fc.assert(fc.property(value, layout, fc.constantFrom('', '\n', '    # x\n', '    age: a\n', '  - x: y\n', '    # ENC[AES256_GCM,data:A]\n    zz:\n        # x: y\n        - ENC[a,b:c]\n        - b: c\n', '    a#: b\n'), fc.boolean(), (map, options, extra, whole) => {
      const text = stringify({ sops: map }, { lineWidth: 0, schema: 'failsafe', ...options } as object)
      const block = whole ? text : text.split('sops:\n')[1] ?? ''
      const found = readYamlBlock(block + extra)
      if (found === null) return
      read += 1
      expect(found).toEqual(reference(block + extra))
    }), { numRuns: 2000 })
    expect(read).toBeGreaterThan(100)
  })

  test.each(['    null: x\n', '    True: x\n', '    1: x\n', '- a\n', '    a: b\n      c\n', '    a:\n        - - b\n', '    a:\n        - b\n        - c: d\n          e\n', '    a: b\n    a: c\n', '    a: |\n      b\n', "    a: 'b'\n", '    a: {}\n', '    __proto__: x\n', '    a:\n    b: c\n', '\ta: b\n', '    a: b\r\n', '    a: *b\n'])(
    'of %j is left to a parser', (block) => {
      expect(readYamlBlock(block)).toBeNull()
    })
})
