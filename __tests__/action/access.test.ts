// Who comes and who takes whose place: what the newcomer can open, and what nobody else can.
import { describe, expect, test } from '@jest/globals'
import { runAction } from '../support/action.ts'
import type { AgeKey } from '../support/age-key.ts'
import { makeAgeKey } from '../support/age-key.ts'
import { Company, secrets } from '../support/company.ts'
import { Team } from '../support/team.ts'
import { annotations, canary, refusalOf, runUnchanged } from '../support/unchanged.ts'

const typeOf = (path: string): string[] => (path.endsWith('.enc') ? ['--input-type', 'yaml', '--output-type', 'yaml'] : [])
const opens = (company: Company, { identity }: AgeKey, path: string): boolean =>
  company.decrypt(path, { SOPS_AGE_KEY: identity }, ...typeOf(path)).exitCode === 0
const dataOf = (text: string): string[] => [...text.matchAll(/ENC\[AES256_GCM,data:[^\]]*\]/g)].map(([value]) => value)

async function run(...args: Parameters<typeof runAction>): ReturnType<typeof runAction> {
  const done = await runAction(...args)
  expect({ exitCode: done.exitCode, log: done.exitCode === 0 ? '' : done.log }).toEqual({ exitCode: 0, log: '' })
  return done
}

describe('someone who comes', () => {
  test('gets exactly what the one they are like has, and nothing is rotated', async () => {
    using company = new Company()
    const carol = makeAgeKey()
    const before = new Map(Object.keys(secrets).map((path) => [path, dataOf(company.read(path))]))
    const done = await run(company, { 'added-recipient': `carol=${carol.recipient}`, 'same-access-as': 'bob' })
    for (const path of Object.keys(secrets)) {
      expect([path, opens(company, carol, path), opens(company, company.bob, path)]).toEqual([path, true, true])
      expect(dataOf(company.read(path))).toEqual(before.get(path))
    }
    expect(opens(company, carol, 'finance/payroll.yaml')).toBe(false)
    expect(done.outputs).toMatchObject({ 'files-updated': '7', 'files-rotated': '0', 'exposed-secrets': '0' })
    expect(done.report).toMatchObject({ request: { added: [{ id: carol.recipient }], removed: [] }, exposure: [] })
    expect(done.summary).toMatch(/\*\*carol\*\* \(.*\) was added to 7 files/)
    expect(company.read('.sops.yaml')).toMatch(new RegExp(`\\*bob\\n +- \\*carol\\n|- ${carol.recipient}`))
    // What comes is understood as what is there: the same request again has nothing to do.
    company.commit('carol')
    expect((await runUnchanged(company, { 'added-recipient': `carol=${carol.recipient}`, 'same-access-as': 'bob' })).report?.outcome).toBe('unchanged')
    // And goes as anyone goes.
    await run(company, { 'removed-recipient': 'carol' })
    expect(company.git('diff', '--stat', 'HEAD~1', '--', '.sops.yaml', 'prod/.sops.yaml')).toBe('')
  })

  test('for every rule can open every file', async () => {
    using company = new Company()
    const carol = makeAgeKey()
    await run(company, { 'added-recipient': carol.recipient, 'same-access-as': '*' })
    for (const path of [...Object.keys(secrets), 'finance/payroll.yaml']) expect([path, opens(company, carol, path)]).toEqual([path, true])
  })

  test('also where no file is encrypted yet: the config is told', async () => {
    using team = new Team()
    const carol = makeAgeKey()
    team.config({ alice: team.alice, ci: team.ci })
    team.commit()
    const done = await run(team, { 'added-recipient': `carol=${carol.recipient}`, 'same-access-as': 'alice' })
    expect(done.outputs).toMatchObject({ changed: 'true', 'files-changed': '0' })
    expect(team.git('diff', '--unified=0').split('\n').filter((line) => /^[+-] /.test(line))).toEqual([`+          - ${carol.recipient} # carol`])
  })

  test('may be named by who wrote down their key', async () => {
    using company = new Company()
    const carol = makeAgeKey()
    company.write('team-public-keys.txt', `${company.alice.recipient} alice\n${carol.recipient} carol\n`)
    company.commit()
    await run(company, { 'added-recipient': 'carol', 'same-access-as': 'alice' })
    expect(opens(company, carol, 'finance/payroll.yaml')).toBe(true)
  })

  test('brings nobody else: a reader that the config gained meanwhile stops the run', async () => {
    using company = new Company()
    const [carol, mallory] = [makeAgeKey(), makeAgeKey()]
    company.write('prod/.sops.yaml', company.read('prod/.sops.yaml').replace('>-\n', `>-\n      ${mallory.recipient},\n`))
    company.commit()
    company.credentials = {}
    const { sentence } = await refusalOf(company, { 'added-recipient': `carol=${carol.recipient}`, 'same-access-as': 'bob' })
    expect(sentence).toMatch(/prod\/values\.yaml\.enc and prod\/ключи и\.yaml: it has drifted from prod\/\.sops\.yaml: by its rule age1\S+ would come, which was not asked for/)
  })

  test.each<[string, Readonly<Record<string, string>>, RegExp]>([
    ['without saying whose access', { 'added-recipient': 'age1x' }, /`added-recipient` does not say what the new recipient gets access to.*same-access-as: alice/],
    ['with both', { 'added-recipient': 'x', 'removed-recipient': 'bob', 'same-access-as': 'alice' }, /contradict each other/],
    ['several for several', { 'added-recipient': 'x, y', 'removed-recipient': 'alice, bob' }, /do not say who takes whose place.*Run once for each who goes/],
    ['without anyone', { 'same-access-as': 'alice' }, /needs `added-recipient`/],
    ['with a name that nobody has', { 'added-recipient': 'carol', 'same-access-as': 'alice' }, /"carol" is neither a recipient here nor the name of one/],
    ['like someone unknown', { 'added-recipient': 'alice', 'same-access-as': 'nobody' }, /"nobody" is neither/],
    ['a policy that is none', { policy: 'strict' }, /`policy` is "strict"\. Write `policy: off`/],
    ['an owners file that is not there', { 'owners-file': 'people.yaml' }, /`owners-file` names people\.yaml, which git does not track/],
    ['an owners file outside', { 'owners-file': '../people.yaml' }, /`owners-file` is "\.\.\/people\.yaml"/],
    ['a plugin that is a path', { 'age-plugins': 'a/b' }, /`age-plugins` is "a\/b"/],
    ['someone who has to stay', { 'removed-recipient': 'bob', 'required-recipient': 'alice, bob' }, /`removed-recipient` and `required-recipient` both name bob/],
    ['a required one that nobody knows', { 'required-recipient': 'break-glass' }, /"break-glass" is neither/],
  ])('%s is refused', async (_, inputs, sentence) => {
    using company = new Company()
    expect((await refusalOf(company, inputs)).sentence).toMatch(sentence)
  })
})

test.each(['removed-recipient', 'added-recipient', 'same-access-as', 'required-recipient'])('a private key in `%s` is not used and not shown', async (name) => {
  using company = new Company()
  const { identity } = makeAgeKey()
  const result = await runAction(company, { 'removed-recipient': 'bob', [name]: `carol=${identity}` })
  expect(result.exitCode).toBe(1)
  expect(annotations(result, 'error')).toEqual([expect.stringContaining(`The input \`${name}\` holds a private key, which was not used.`)])
  const said = result.log.split('\n').filter((line) => !line.startsWith('::add-mask::'))
  expect([...said, result.summary, JSON.stringify(result.outputs), JSON.stringify(result.report)].join('\n')).not.toContain(identity)
  expect(result.log).toContain(`::add-mask::${identity}`)
})

test('nor is one that somebody put into a config', async () => {
  using company = new Company()
  const { identity } = makeAgeKey()
  company.write('prod/.sops.yaml', `# ${identity}\n${company.read('prod/.sops.yaml').replace('>-\n', `>- # ${identity}\n`)}`)
  company.commit()
  for (const inputs of [{ 'removed-recipient': 'nobody' }, { 'removed-recipient': 'bob', 'dry-run': 'true' }]) {
    const result = await runAction(company, inputs)
    const all = [result.log, result.summary, JSON.stringify(result.outputs), JSON.stringify(result.report)].join('\n')
    expect(all).not.toContain(identity)
  }
  // As a recipient it is the first thing to mend, before any key is used.
  company.write('.sops.yaml', company.read('.sops.yaml').replace('- *ci\n', `- *ci\n          - ${identity}\n`))
  company.commit()
  company.credentials = {}
  const { sentence } = await refusalOf(company, { 'removed-recipient': 'bob' })
  expect(sentence).toMatch(/^\.sops\.yaml:16 holds a private key where the public one of a recipient belongs\. Take it out/)
})

describe('a new key in the place of another', () => {
  test('reads what the old one read, and the old one nothing', async () => {
    using company = new Company()
    const fresh = makeAgeKey()
    const done = await run(company, { 'removed-recipient': 'bob', 'added-recipient': `bob=${fresh.recipient}` })
    for (const path of Object.keys(secrets)) {
      expect([path, opens(company, fresh, path), opens(company, company.bob, path), opens(company, company.alice, path)]).toEqual([path, true, false, true])
    }
    expect(opens(company, fresh, 'finance/payroll.yaml')).toBe(false)
    expect(done.outputs).toMatchObject({ 'files-updated': '7', 'files-rotated': '7', 'exposed-secrets': '15' })
    expect(company.read('.sops.yaml').split('\n')).toHaveLength(company.git('show', 'HEAD:.sops.yaml').split('\n').length + 1)
    company.commit('replaced')
    // The same again is done: what the old key could read is told, and the new one is nobody who stays by mistake.
    const request = { 'removed-recipient': 'bob', 'added-recipient': `bob=${fresh.recipient}` }
    const again = await runUnchanged(company, request)
    expect(again).toMatchObject({ exitCode: 0, outputs: { 'files-changed': '0', 'exposed-secrets': '15' } })
    expect(again.report).toMatchObject({ outcome: 'unchanged', request: { removed: [{ id: company.bob.recipient }], added: [{ id: fresh.recipient }] } })
    expect(again.report?.findings.filter(({ code }) => code !== 'single-key-kind')).toEqual([])
    // Half of it undone, that half is done again.
    company.git('checkout', '--quiet', 'HEAD~1', '--', 'prod')
    company.commit('half of it')
    expect((await run(company, request)).outputs).toMatchObject({ 'files-updated': '2', 'files-rotated': '2', 'exposed-secrets': '15' })
    for (const path of Object.keys(secrets)) expect([path, opens(company, fresh, path), opens(company, company.bob, path)]).toEqual([path, true, false])
  })

  test('may be that of the runner itself, while another of its keys works', async () => {
    using team = new Team()
    const fresh = makeAgeKey()
    team.config({ alice: team.alice, ci: team.ci })
    team.encrypt('app.yaml', `password: ${canary}\n`)
    team.commit()
    team.credentials = { SOPS_AGE_KEY: `${team.ci.identity}\n${fresh.identity}` }
    await run(team, { 'removed-recipient': 'ci', 'added-recipient': `ci=${fresh.recipient}` })
    expect(team.readersOf('app.yaml', { alice: team.alice, ci: team.ci, fresh })).toEqual(['alice', 'fresh'])
    expect(team.read('.sops.yaml')).toContain(`- ${fresh.recipient} # ci\n`)
  })
})

test('a name with a comma stands in quotes', async () => {
  using company = new Company()
  company.write('.sops-owners.yaml', `owners:\n  "Bob Smith, Jr.":\n    - ${company.bob.recipient}\n`)
  company.commit()
  const { report, log } = await run(company, { 'removed-recipient': '"Bob Smith, Jr."' })
  expect(report?.request.removed.map(({ id }) => id)).toEqual([company.bob.recipient])
  expect(log).toContain(`− ${company.bob.recipient} (Bob Smith, Jr., by .sops-owners.yaml:3`)
})

test('a name that an owners file gives to one key and a comment elsewhere to another is not guessed at', async () => {
  using company = new Company()
  const other = makeAgeKey()
  company.write('.sops.yaml', company.read('.sops.yaml').replace(/&bob (age1\S+)/, `&bob $1\n  - &laptop ${other.recipient} # Bobby`))
  company.write('.sops-owners.yaml', `owners:\n  Bobby:\n    - ${company.bob.recipient}\n`)
  company.commit()
  const { sentence } = await refusalOf(company, { 'removed-recipient': 'Bobby' })
  expect(sentence).toContain(`Bobby  ${company.bob.recipient} (.sops-owners.yaml:3)`)
  expect(sentence).toContain(`Bobby  ${other.recipient} (.sops.yaml:`)
})

describe('who has to stay', () => {
  test('is not taken out', async () => {
    using company = new Company()
    company.credentials = {}
    company.write('prod/.sops.yaml', company.read('prod/.sops.yaml').replace(`,\n      ${company.bob.recipient}`, ''))
    company.commit('drift')
    const { sentence } = await refusalOf(company, { 'required-recipient': 'bob' })
    expect(sentence).toMatch(/prod\/.*: it would lose bob, and `required-recipient` says that every file keeps that/)
  })

  test('by policy, with two kinds of keys, two survivors', async () => {
    using company = new Company()
    const warned = await run(company, { 'removed-recipient': 'bob', 'dry-run': 'true' })
    expect(warned.report?.findings.map(({ code }) => code)).toContain('single-key-kind')
    expect(annotations(warned, 'warning')).toHaveLength(1)
    company.credentials = {}
    expect((await refusalOf(company, { 'removed-recipient': 'bob', policy: 'enforce' })).sentence).toContain('(`policy: enforce`)')
    const off = await runUnchanged(company, { 'removed-recipient': 'bob', policy: 'off', 'dry-run': 'true' })
    expect(off.report?.findings).toEqual([])
  })
})

describe('the owners file', () => {
  const record = (company: Company): string => [
    '# Who owns which key.', 'owners:', '  alice:', `    - ${company.alice.recipient}`, '  Robert:', `    - ${company.bob.recipient} # laptop`, '  ci:',
    `    - ${company.ci.recipient}`, '',
  ].join('\n')

  test('says who is meant, and keeps who was removed, when and by whom', async () => {
    using company = new Company()
    company.write('.sops-owners.yaml', record(company))
    company.commit()
    const done = await run(company, { 'removed-recipient': 'robert' }, { env: { GITHUB_ACTOR: 'octocat' } })
    const text = company.read('.sops-owners.yaml')
    expect(text.startsWith(record(company).replace(/ {2}Robert:\n.*\n/, ''))).toBe(true)
    expect(text).toMatch(/removed:\n/)
    for (const part of ['Robert', company.bob.recipient, 'octocat', new Date().toISOString().slice(0, 7)]) expect(text.split('removed:')[1]).toContain(part)
    expect(done.report?.configs.map(({ path }) => path)).toContain('.sops-owners.yaml')
    company.commit('offboarding')

    // A branch from before brings him back.
    company.git('checkout', '--quiet', 'HEAD~1', '--', 'apps/web', '.sops.yaml')
    company.commit('stale')
    const back = await runUnchanged(company, { 'dry-run': 'true' })
    expect(back.report?.findings).toContainEqual(expect.objectContaining({ code: 'removed-came-back', path: '.sops-owners.yaml', message: expect.stringContaining('Robert') }))
  })

  test('that is wrong stops the run, with its line', async () => {
    using company = new Company()
    company.write('people/owners.yaml', 'owners:\n  bob:\n    - not a key\n')
    company.commit()
    expect((await refusalOf(company, { 'removed-recipient': 'bob', 'owners-file': 'people/owners.yaml' })).sentence).toMatch(/people\/owners\.yaml.*3/)
  })
})
