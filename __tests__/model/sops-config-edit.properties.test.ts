import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { parse } from 'yaml'
import { readSopsConfig } from '../../src/model/sops-config/read.ts'
import { editConfig, removeRecipients } from '../../src/model/sops-config/edit.ts'
import { parseRecipient } from '../../src/model/recipient.ts'
import type { Recipient } from '../../src/model/recipient.ts'
import type { ConfigChange } from '../../src/model/sops-config/change.ts'

// A random config is made as an abstract value and written out in random style, each line with the keys it is there for.
// What the edited text must mean, and which lines it must still have, then follows from the abstract value alone.

const people = ['alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'grace'] as const
type Person = (typeof people)[number]
type Kind = 'age' | 'pgp' | 'gcp_kms'

const keyOf: Readonly<Record<Person, string>> = {
  alice: `age1${'a'.repeat(58)}`,
  bob: `age1${'q'.repeat(58)}`,
  carol: `age1${'c'.repeat(58)}`,
  dave: 'FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4',
  erin: '1022470DE3F0BC54BC6AB62DE05550BC07FB1A0A',
  frank: 'projects/p/locations/global/keyRings/r/cryptoKeys/f',
  grace: 'projects/p/locations/global/keyRings/r/cryptoKeys/g',
}
const kindOf = (person: Person): Kind => keyOf[person].startsWith('age1') ? 'age' : keyOf[person].startsWith('p') ? 'gcp_kms'
  : 'pgp'
const recipientOf = (person: Person): Recipient => parseRecipient(keyOf[person]) ?? { kind: 'age', id: 'none' }

interface Group { readonly members: readonly Person[]; readonly merged: readonly Person[]; readonly mergeFirst: boolean }
interface Rule { readonly grouped: boolean; readonly groups: readonly Group[]; readonly styles: readonly number[] }
interface Config {
  readonly stored: readonly Person[]
  readonly rules: readonly Rule[]
  readonly eol: string
  readonly lastEol: boolean
  readonly blank: boolean
}
interface Line { readonly text: string; readonly for: readonly Person[] }

const some = fc.shuffledSubarray([...people], { minLength: 1 })
const config: fc.Arbitrary<Config> = fc.record({
  stored: fc.shuffledSubarray([...people]),
  rules: fc.array(fc.record({
    grouped: fc.boolean(),
    groups: fc.array(fc.record({ members: some, merged: fc.shuffledSubarray([...people], { maxLength: 2 }),
      mergeFirst: fc.boolean() }),
      { minLength: 1, maxLength: 2 }),
    styles: fc.array(fc.oneof({ arbitrary: fc.nat(9), weight: 2 }, { arbitrary: fc.constant(10), weight: 1 }), { minLength: 3, maxLength: 6 }),
  }), { minLength: 1, maxLength: 3 }),
  eol: fc.constantFrom('\n', '\r\n'),
  lastEol: fc.boolean(),
  blank: fc.boolean(),
})

/** The lines of one kind's keys at an indentation, in one of eleven styles; a grouped one may only be a list. */
function entry(kind: Kind, members: readonly Person[], pad: string, style: number, lists: boolean,
  stored: readonly Person[]): Line[] {
  const ref = (person: Person): string => stored.includes(person) ? `*${person}` : keyOf[person]
  const one = (text: string): Line[] => [{ text: `${pad}${kind}: ${text}`, for: members }]
  const list = (head: string, inner: (person: Person, at: number) => Line[], ...tail: Line[]): Line[] =>
    [{ text: `${pad}${kind}:${head}`, for: members }, ...members.flatMap(inner), ...tail]
  const separator = (at: number): string => at === members.length - 1 ? '' : ','
  const keys = members.map((person) => keyOf[person])
  const parts = (person: Person, at: number): Line[] => [{ text: `${pad}  ${keyOf[person]}${separator(at)}`, for: [person] }]
  const own = (text: string, person: Person): Line => ({ text, for: [person] })
  switch (lists ? style % 5 : style) {
    case 0: return list('', (person) => [own(`${pad}- ${ref(person)}`, person)])
    case 1: return list('', (person) => [own(`${pad}    -   ${ref(person)} # ${person}\t(laptop)`, person)])
    case 2: return list('', (person) => [own(`${pad}  # ${person}`, person), own(`${pad}  - ${ref(person)}`, person)])
    case 3: return one(`[${members.map(ref).join(', ')}]`)
    case 4: return list(' [', (person) => [own(`${pad}  ${ref(person)}, # ${person}`, person)], { text: `${pad} ]`,
      for: members })
    case 5: return one(keys.join(', '))
    case 6: return one(`"${keys.join(',')}"`)
    case 7: return list(' >-', parts)
    case 8: return [...members.map((person) => own(`${pad}# ${person}`, person)), ...list(' |', parts)]
    // sops takes one string there, so that only a key by itself can be an alias.
    case 10: return one(members.length === 1 ? members.map(ref).join() : keys.join(','))
    default: return one(`'${keys.join(`,${pad.length % 4 === 0 ? ' ' : `\n${pad}    `}`)}'`)
  }
}

function entries(members: readonly Person[], pad: string, rule: Rule, lists: boolean, stored: readonly Person[]): Line[] {
  return (['age', 'pgp', 'gcp_kms'] as const).flatMap((kind, at) => {
    const own = members.filter((person) => kindOf(person) === kind)
    if (own.length === 0) return []
    if (kind !== 'gcp_kms' || !lists) return entry(kind, own, pad, rule.styles[at % rule.styles.length] ?? 0, lists, stored)
    const items = own.map((person): Line => ({ text: `${pad}- resource_id: ${keyOf[person]} # ${person}`, for: [person] }))
    return [{ text: `${pad}${kind}:`, for: own }, ...items]
  })
}

function render(value: Config): readonly Line[] {
  const lines: Line[] = [{ text: '# Who may read what.\t', for: [] }, { text: '', for: [] }]
  if (value.stored.length > 0) lines.push({ text: 'keys:', for: value.stored })
  for (const person of value.stored) lines.push({ text: `  - &${person} ${keyOf[person]}`, for: [person] })
  lines.push({ text: 'creation_rules:', for: [] })
  for (const [at, rule] of value.rules.entries()) {
    if (value.blank) lines.push({ text: '', for: [] })
    lines.push({ text: `  # Rule ${at}: do not touch`, for: [] }, { text: `  - path_regex: '^r${at}/'`, for: [] })
    if (!rule.grouped) lines.push(...entries(rule.groups[0]?.members ?? [], '    ', rule, false, value.stored))
    if (!rule.grouped) continue
    lines.push({ text: '    key_groups:', for: [] })
    for (const group of rule.groups) {
      // A null entry that sops ignores holds the dash, so that any of the others can go.
      lines.push({ text: '      - hc_vault: []', for: [] })
      const merge: Line[] = group.merged.length === 0 ? [] : [
        { text: '        merge:', for: group.merged },
        ...group.merged.flatMap((person): Line[] => [{ text: `          - # ${person}`, for: [person] },
          ...entries([person], '            ', rule, true, value.stored)]),
      ]
      const members = entries(group.members, '        ', rule, true, value.stored)
      lines.push(...(group.mergeFirst ? [...merge, ...members] : [...members, ...merge]))
    }
  }
  return lines
}

const write = (value: Config): string => render(value).map(({ text }) => text).join('\n').replaceAll('\n', value.eol)
  + (value.lastEol ? value.eol : '')

/** Who each key group of each rule is for, in the order of the text, kind by kind. */
function meaning(text: string): unknown {
  const person = (id: string): Person | undefined => people.find((one) => keyOf[one] === id)
  const ids = (field: unknown): unknown[] => typeof field === 'string'
    ? field.split(',').map((part) => person(part.trim()) ?? part)
    : ((field ?? []) as unknown[]).map((item) => person(typeof item === 'string' ? item : (item as { resource_id: string })
      .resource_id))
  const group = (map: Record<string, unknown>): unknown => ({
    own: [...ids(map.age), ...ids(map.pgp), ...ids(map.gcp_kms)],
    merged: ((map.merge ?? []) as Record<string, unknown>[]).map((item) => group(item)),
  })
  const { creation_rules: rules, keys } = parse(text) as { creation_rules: Record<string, unknown>[]; keys?: string[] }
  return {
    stored: ids(keys),
    rules: rules.map((rule) => rule.key_groups === undefined ? [group(rule)] : (rule.key_groups as Record<string, unknown>[])
      .map(group)),
  }
}

function expected(value: Config, removed: readonly Person[]): unknown {
  const sorted = (members: readonly Person[]): Person[] => (['age', 'pgp', 'gcp_kms'] as const)
    .flatMap((kind) => members.filter((person) => kindOf(person) === kind && !removed.includes(person)))
  return {
    stored: value.stored.filter((person) => !removed.includes(person)),
    rules: value.rules.map(({ grouped, groups }) => grouped
      ? groups.map(({ members, merged }) => ({ own: sorted(members), merged: merged.filter((one) => !removed.includes(one))
        .map((one) => ({ own: [one], merged: [] })) }))
      : [{ own: sorted(groups[0]?.members ?? []), merged: [] }]),
  }
}

const leavesNobody = (value: Config, removed: readonly Person[]): boolean => value.rules.some(({ grouped, groups }) => grouped
  ? groups.some(({ members, merged }) => [...members, ...merged].every((person) => removed.includes(person)))
  : groups[0]?.members.every((person) => removed.includes(person)))

const holds = (value: Config, removed: readonly Person[]): boolean => render(value).some((line) => line.for.some((one) =>
  removed.includes(one)))

function edit(text: string, removed: readonly Person[]): string {
  const result = removeRecipients(readSopsConfig('.sops.yaml', text), removed.map(recipientOf))
  return result.kind === 'edited' ? result.after : result.kind === 'untouched' ? text : 'refused'
}

const leavers = fc.shuffledSubarray([...people], { minLength: 1, maxLength: 3 })
const runs = { numRuns: 60 }

describe('taking keys out of any config', () => {
  test('leaves what the config says about everyone else, or refuses where it would say nothing', () => {
    fc.assert(fc.property(config, leavers, (value, removed) => {
      const after = edit(write(value), removed)
      if (leavesNobody(value, removed)) expect(after).toBe('refused')
      else expect(meaning(after)).toEqual(expected(value, removed))
    }), runs)
  })

  test('leaves every line that is not for them, byte for byte and in order, and no word of them', () => {
    fc.assert(fc.property(config, leavers, (value, removed) => {
      fc.pre(!leavesNobody(value, removed) && holds(value, removed))
      const after = edit(write(value), removed)
      const kept = render(value).filter((line) => !line.for.some((person) => removed.includes(person))).map(({ text }) => text)
      const lines = after.split(value.eol)
      let at = -1
      for (const line of kept) {
        // The last key of a list gives up its comma.
        at = lines.findIndex((one, index) => index > at && (one === line || `${one},` === line))
        expect({ line, found: at >= 0 }).toEqual({ line, found: true })
      }
      for (const person of removed) expect(after).not.toMatch(new RegExp(`\\b${person}\\b|${keyOf[person]}`))
      expect(after.endsWith(value.eol)).toBe(value.lastEol)
      expect(value.eol === '\r\n' ? after.replaceAll('\r\n', '') : after).not.toMatch(/\r/)
    }), runs)
  })

  test('does nothing where they are not', () => {
    fc.assert(fc.property(config, leavers, (value, removed) => {
      const rest = people.filter((person) => !removed.includes(person))
      const without = edit(write(value), rest)
      fc.pre(without !== 'refused')
      expect(removeRecipients(readSopsConfig('.sops.yaml', without), rest.map(recipientOf))).toEqual({ kind: 'untouched' })
    }), runs)
  })

  test('one after the other is the same as all at once', () => {
    fc.assert(fc.property(config, leavers, (value, removed) => {
      fc.pre(!leavesNobody(value, removed))
      const text = write(value)
      const steps = removed.reduce((left, person) => edit(left, [person]), text)
      expect(meaning(steps)).toEqual(meaning(edit(text, removed)))
      expect(steps).toBe(edit(text, removed))
    }), runs)
  })
})

describe('putting a key into any config', () => {
  const zoe = { recipient: { kind: 'age', id: `age1${'z'.repeat(58)}` } as const, name: 'zoe' }
  const ivy = { recipient: { kind: 'pgp', id: 'A'.repeat(40) } as const, name: 'ivy' }
  const joiner = fc.constantFrom(zoe, ivy)
  const model = fc.constantFrom(...people)
  const change = (text: string, asked: ConfigChange): string => {
    const result = editConfig(readSopsConfig('.sops.yaml', text), asked)
    return result.kind === 'edited' ? result.after : result.kind === 'untouched' ? text : 'refused'
  }
  /** Who can read what: the ids of each rule and group, merged groups in it. */
  const access = (text: string): readonly string[] => {
    const ids = (value: unknown): string[] => {
      if (typeof value === 'string') return value.split(',').map((part) => part.trim()).filter(Boolean)
      return Array.isArray(value) ? value.flatMap(ids) : Object.values(value ?? {}).flatMap(ids)
    }
    const { creation_rules: rules } = parse(text) as { creation_rules: Record<string, unknown>[] }
    return rules.flatMap(({ path_regex: regex, key_groups: groups, ...flat }) =>
      (groups === undefined ? [flat] : groups as unknown[]).map((group) => [...new Set(ids([regex, group]))].sort().join(' ')))
  }
  const withKey = (line: string, from: string, to: readonly string[]): string => line.split(' ').includes(from)
    ? [...new Set([...line.split(' ').filter((id) => to.includes(from) || id !== from), ...to])].sort().join(' ') : line

  /** An alias of one key, for a field that is one string, as the key itself. */
  const spelledOut = (text: string): string => text.replace(/(: )\*(\w+)(?=\r?$)/gm, (_, lead: string, person: Person) => lead + keyOf[person])

  test('gives it access where its model has, and nowhere else', () => {
    fc.assert(fc.property(config, model, joiner, (value, like, one) => {
      const text = write(value)
      const after = change(text, { removed: [], added: [one], like: [recipientOf(like)] })
      expect(access(after)).toEqual(access(text).map((line) => withKey(line, keyOf[like], [keyOf[like], one.recipient.id])))
    }), runs)
  })

  test('leaves every old line, as it was or with the key in it', () => {
    fc.assert(fc.property(config, model, joiner, (value, like, one) => {
      const text = write(value)
      const lines = change(text, { removed: [], added: [one], like: [recipientOf(like)] }).split(value.eol)
      let at = -1
      for (const line of text.split(value.eol)) {
        const words = line.replace(/["'[\]]/g, ' ').split(/,\s*|\s+/).filter(Boolean)
        at = lines.findIndex((now, index) => index > at && (now === line || now === `${line},`
          || (now.includes(one.recipient.id) || now.includes(one.name)) && words.every((word) => now.includes(word) || (word.startsWith('*') && now.includes(keyOf[word.slice(1) as Person])))))
        expect({ line, found: line === '' || at >= 0 }).toEqual({ line, found: true })
      }
      expect(lines.at(-1) === '').toBe(value.lastEol)
    }), runs)
  })

  test('taken out again, the old text is back where the key had found a list of its kind', () => {
    fc.assert(fc.property(config, model, (value, like) => {
      fc.pre(kindOf(like) === 'age')
      const text = write(value)
      const added = change(text, { removed: [], added: [zoe], like: [recipientOf(like)] })
      // A key in quotes or on a line of its own is taken out with what came for it; what a single key lacks stays: its commas.
      // What had to be spelled out stays so.
      expect(spelledOut(change(added, { removed: [zoe.recipient], added: [], like: [] }))).toBe(spelledOut(text))
    }), runs)
  })

  test('in the place of another: only its text and its names change, and there and back is nothing', () => {
    fc.assert(fc.property(config, model, (value, like) => {
      fc.pre(kindOf(like) === 'age')
      const text = write(value)
      const nameless = { ...zoe, name: null }
      const after = change(text, { removed: [recipientOf(like)], added: [nameless], like: [recipientOf(like)] })
      expect(after).toBe(text.replaceAll(keyOf[like], zoe.recipient.id))
      const back = { recipient: recipientOf(like), name: null }
      expect(change(after, { removed: [zoe.recipient], added: [back], like: [zoe.recipient] })).toBe(text)
    }), runs)
  })

  test('in the place of another under its own name, no word of that one stays', () => {
    fc.assert(fc.property(config, model, joiner, (value, like, one) => {
      const text = write(value)
      const after = change(text, { removed: [recipientOf(like)], added: [one], like: [recipientOf(like)] })
      expect(access(after)).toEqual(access(text).map((line) => withKey(line, keyOf[like], [one.recipient.id])))
      // What stands beside the dash of a group is about the group, and that stays.
      expect(after.replace(/- # \w+(?=\r?$)/gm, '-')).not.toMatch(new RegExp(`\\b${like}\\b|${keyOf[like]}`))
    }), runs)
  })
})
