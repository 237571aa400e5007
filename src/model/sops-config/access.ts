// Whom each rule and key group of a `.sops.yaml` gives access, from its plain value alone: what the proof of an edit compares.
// Must never look at the text, nor share the code that edits it.
import { canonicalId } from '../recipient.ts'
import type { Recipient } from '../recipient.ts'
import { isEntries, partsOf, profileFor, recipientOfMap, recipientOfPart } from './keys.ts'
import { fieldNames, formFor, takes } from './spelling.ts'
import type { Form } from './spelling.ts'

/** A rule's own keys, or one of its key groups with all that it merges. */
export interface Access {
  readonly what: string
  /** How many key groups the rule has; 0 where its own fields count. */
  readonly groups: number
  /** Canonical ids; what we cannot read stands as it is, after a `?`. */
  readonly ids: ReadonlySet<string>
  /** The keys that stand where sops does not take their kind, or not in that form. */
  readonly misplaced: ReadonlySet<string>
  /** Those that stand twice in one field, which sops makes two keys of a file. */
  readonly twice: ReadonlySet<string>
}

export function accessIn(value: unknown): readonly Access[] {
  const rules = (name: string): readonly unknown[] => isEntries(value) && Array.isArray(value[name]) ? value[name] : []
  return [
    ...rules('creation_rules').flatMap((rule, at) => accessOf(rule, `creation rule ${at + 1}`)),
    ...rules('destination_rules').flatMap((rule, at) =>
      accessOf(isEntries(rule) ? rule.recreation_rule : null, `the recreation_rule of destination rule ${at + 1}`)),
  ]
}

function accessOf(rule: unknown, what: string): readonly Access[] {
  const groups = isEntries(rule) && Array.isArray(rule.key_groups) ? rule.key_groups : []
  if (groups.length === 0) return [{ what, groups: 0, ...keysIn(rule, false) }]
  return groups.map((group, at) => ({ what: `key group ${at + 1} of ${what}`, groups: groups.length, ...keysIn(group, true) }))
}

function keysIn(holder: unknown, group: boolean): Pick<Access, 'ids' | 'misplaced' | 'twice'> {
  const [ids, misplaced, twice] = [new Set<string>(), new Set<string>(), new Set<string>()]
  let there = new Set<string>()
  const add = (recipient: Recipient | null, field: string, form: Form, text: string): void => {
    const id = recipient === null ? `?${text}` : canonicalId(recipient)
    ids.add(id)
    if (there.has(id)) twice.add(id)
    there.add(id)
    if (recipient !== null && (!takes(field, recipient.kind) || formFor(recipient.kind, group) !== form)) misplaced.add(id)
  }
  const under = (value: unknown, field: string, profile: string | null): void => {
    if (Array.isArray(value)) for (const item of value) under(item, field, profile)
    else if (isEntries(value)) add(recipientOfMap(value), field, 'map', JSON.stringify(value))
    else if (typeof value === 'string') {
      for (const part of partsOf(value).filter(Boolean)) add(recipientOfPart(part, profile, field === 'pgp'), field, 'text', part)
    }
  }
  const from = (of: unknown): void => {
    if (!isEntries(of)) return
    for (const field of fieldNames(group)) {
      there = new Set()
      under(of[field], field, group ? null : profileFor(of, field))
    }
    if (group && Array.isArray(of.merge)) for (const item of of.merge) from(item)
  }
  from(holder)
  return { ids, misplaced, twice }
}
