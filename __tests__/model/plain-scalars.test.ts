// What a text in the clear is held to hold.
import { expect, test } from '@jest/globals'
import { mayHoldSecrets, scalarsOf } from '../../src/model/exposure/plain-scalars.ts'

test.each([
  ['app.yaml', 'db:\n    pw: "one"\n    list: [two, three]\n    block: |-\n        a\n        b\n', ['one', 'two', 'three', 'a\nb']],
  ['app.json', '{"a": {"b": "one"}, "c": 12}', ['one', '12']],
  ['app.env', 'A=one\nexport B=two\n', ['one', 'two']],
  ['app.ini', '[s]\na = one\n', ['one']],
  // Of anything else, and of what is not whole, what stands behind a sign or in quotes.
  ['main.tf', 'password = "one"\nurl: two\n', ['one', 'two']],
  ['broken.json', '{"a": "one', ['"one']], ['broken.yaml', 'a: [one\nb: "two"\n', ['two']],
])('%s', (path, text, values) => {
  expect(scalarsOf(path, text)).toEqual(expect.arrayContaining(values))
})

test('no secret is looked for in pages, pictures and what git and sops read', () => {
  expect(['README.md', 'a/logo.PNG', '.sops.yaml', 'x/.gitignore'].filter(mayHoldSecrets)).toEqual([])
  expect(['app.yaml', 'a/key', '.env', 'main.tf', 'sops.yaml'].filter(mayHoldSecrets)).toHaveLength(5)
})
