import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { ruleFor } from '../../src/model/sops-file/creation-rule.ts'
import { readSopsConfig } from '../../src/model/sops-config/read.ts'
import { makeAgeKey } from '../support/age-key.ts'
import { sopsBinary } from '../support/sops-binary.ts'

// Which rule sops itself takes: each rule has another key, and its keyless dry run of updatekeys says whose key a file would get.

const paths = [
  'prod/app.yaml', 'PROD/app.yaml', 'Prod.yaml', 'a/prod/b.yaml', 'dev/app.yaml', 'app.prod.yaml', 'app_prod_1.yaml',
  'secrets/ünïcode.yaml', 'secrets/with space.yaml', 'back\\slash.yaml', 'x.yaml',
  `${'a'.repeat(40)}!.yaml`, 'sub/prod/app.yaml',
]
const [first, second, third, old] = [makeAgeKey(), makeAgeKey(), makeAgeKey(), makeAgeKey()]
const encrypted = `a: ENC[AES256_GCM,data:AAAA,iv:AAAA,tag:AAAA,type:str]
sops:
    age:
        - recipient: ${old.recipient}
          enc: none
    lastmodified: "2026-01-01T00:00:00Z"
    mac: ENC[AES256_GCM,data:AAAA,iv:AAAA,tag:AAAA,type:str]
    version: 3.11.0
`
let root = ''

beforeAll(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'creation-rule-')))
  for (const path of paths) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), encrypted)
  }
})

afterAll(() => rmSync(root, { recursive: true, force: true }))

/** For each path, the index of the rule that sops takes; null where it takes none. */
function sopsChoice(config: string, text: string, asked: readonly string[]): (number | null)[] {
  writeFileSync(join(root, config), text)
  const files = asked.map((path) => join(root, path))
  const { stdout, error } = spawnSync(sopsBinary(), ['--config', join(root, config), 'updatekeys', ...files], {
    input: 'n\n'.repeat(asked.length), encoding: 'utf8', env: {}, timeout: 20_000,
  })
  // Where it cannot load the config it ends before it has read an answer.
  if (error !== undefined && !('code' in error && error.code === 'EPIPE')) throw error
  const answers = stdout.split("changes will be made to the file's groups:").slice(1)
  if (answers.length === 0) return asked.map(() => null)
  // One that sops has no answer for would shift the others.
  expect(answers).toHaveLength(asked.length)
  return answers.map((answer) => [first, second, third].findIndex(({ recipient }) => answer.includes(`+++ ${recipient}`)))
}

function ourChoice(config: string, text: string, asked: readonly string[]): (number | null)[] {
  const read = readSopsConfig(config, text)
  // Every rule of these texts begins on the line that ends in its index.
  return asked.map((path) => {
    const rule = ruleFor(read, path)
    return rule === null ? null : Number(/# (\d)$/.exec(text.split('\n')[rule.line - 1] ?? '')?.[1])
  })
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`
/** Rules with these regexes, null for none, each with a key of its own. */
function config(...regexes: readonly (string | null)[]): string {
  const rules = regexes.map((regex, at) => {
    const [age, mark] = [`age: ${[first, second, third][at]?.recipient ?? ''}`, ` # ${at}`]
    return regex === null ? `  - ${age}${mark}\n` : `  - path_regex: ${regex}${mark}\n    ${age}\n`
  })
  return `creation_rules:\n${rules.join('')}`
}

describe('the rule that governs a file is the one that sops takes', () => {
  test.each([
    'prod', '^prod/', 'prod$', '\\.yaml$', '.*', '^.*$', '.*prod.*', '^prod/.*\\.yaml$', '(?i)prod', '(?i)^PROD', '(?-i)prod', 'PROD|dev',
    '(prod|dev)/', '[^/]+/app\\.yaml', '^[^/]+\\.yaml$', 'prod[/\\\\]app', 'back\\\\slash', 'prod\\\\app', 'app.prod', 'app\\.prod',
    '\\bprod\\b', 'prod_', '\\Qapp.prod\\E', '^(?:a+)+$', '^(a+)+!$', '(a*)*b', '^(([a-z])+.)+[A-Z]([a-z])+$', '\\p{Lu}', '[[:upper:]]',
    '\\p{Latin}ï', 'ü', '^.{11}/', '\\s', '\\A[Pp]rod', 'yaml\\z', '(?s).', '(?P<env>prod|dev)', '(?<env>prod)', 'a{30,}', '\\x70rod',
    '[p-r]rod', '/', '^/', '^\\./', '^sub/prod', '', '()', 'prod/?app', '(?m)^app', 'x{0}', '[\\w-]+\\.prod', '\\d*?x', 'prod(?:/|$)',
  ])('%j', (regex) => {
    const text = config(quoted(regex), null)
    expect(ourChoice('.sops.yaml', text, paths)).toEqual(sopsChoice('.sops.yaml', text, paths))
  })

  test.each([
    '(?=prod)', '(?!prod)', '(?<=a)prod', 'a{1001}', '(', '[', 'a**', '\\', '\\1', '(?>a)', '\\Z', '(?x)a', '*', 'a++', '[b-a]',
    '((a{100}){100}){100}',
  ])('%j, which is no regex to sops, governs nothing', (regex) => {
    const text = config(quoted(regex), null)
    expect(sopsChoice('.sops.yaml', text, paths)).toEqual(paths.map(() => null))
    expect(ourChoice('.sops.yaml', text, paths)).toEqual(paths.map(() => null))
  })

  test.each([
    ['a regex that is none counts only where it is reached', config('dev/', quoted('('), null), ['dev/app.yaml']],
    ['the first of several that match', config('prod', 'app', null), paths],
    ['a null, which is no regex', config('~', null), paths],
    ['a quoted tilde, which is one', config("'~'", null), paths],
    ['a number', config('3', null), paths],
    ['one from an anchor', `x: &r prod\n${config('*r', null)}`, paths],
    ['one that is merged in', `x: &r\n  path_regex: prod\n${config("''", null).replace("path_regex: ''", '<<: *r')}`, paths],
    ['one folded over lines', config('>-', null).replace('>- # 0', '>- # 0\n      ^prod/.*'), paths],
    ['CRLF', config('prod', null).replaceAll('\n', '\r\n').replaceAll(/# (\d)\r/g, '# $1'), paths],
  ])('%s', (_, text, asked) => {
    expect(ourChoice('.sops.yaml', text, asked)).toEqual(sopsChoice('.sops.yaml', text, asked))
  })

  test('seen from the folder of a config further down', () => {
    const text = config('^prod/', null)
    const asked = ['sub/prod/app.yaml']
    expect(sopsChoice('sub/.sops.yaml', text, asked)).toEqual([0])
    expect(ourChoice('sub/.sops.yaml', text, asked)).toEqual([0])
    expect(ruleFor(readSopsConfig('sub/.sops.yaml', text), 'prod/app.yaml')).toBeNull()
  })
})

describe('a rule', () => {
  test('is named by its line and regex', () => {
    const read = readSopsConfig('.sops.yaml', `${config('^prod/', null)}    encrypted_regex: ^data$\n`)
    expect(ruleFor(read, 'prod/a.yaml')).toEqual({ line: 2, regex: '^prod/', shamirThreshold: null, encryptedRegex: null })
    expect(ruleFor(read, 'dev/a.yaml')).toEqual({ line: 4, regex: null, shamirThreshold: null, encryptedRegex: '^data$' })
  })

  test.each(['', 'creation_rules:\n', 'creation_rules: none\n', 'stores: {}\n', '- a\n'])('is not in %j', (text) => {
    expect(ruleFor(readSopsConfig('.sops.yaml', text), 'a.yaml')).toBeNull()
  })

  test('is found in linear time, for many files', () => {
    const rules = config(quoted('^(([a-z])+.)+[A-Z]([a-z])+$'), quoted('(a*)*(a*)*(a*)*b'), null)
    const read = readSopsConfig('.sops.yaml', `${rules}keys:\n${`  - ${old.recipient}\n`.repeat(1000)}`)
    for (let at = 0; at < 5000; at += 1) expect(ruleFor(read, `${'a'.repeat(29)}${at}`)?.line).toBe(6)
  })
})
