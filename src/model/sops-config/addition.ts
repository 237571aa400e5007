// Who comes where in a `.sops.yaml`: beside whom each new key is put, into which field, and whose place it takes.
// Must never put a key where none of its models has access.
import { isAlias, isSeq } from 'yaml'
import type { YAMLMap } from 'yaml'
import { canonicalId } from '../recipient.ts'
import { Anchors } from './anchors.ts'
import { onceEach } from './arrivals.ts'
import type { Arrival } from './arrivals.ts'
import type { ConfigChange, NewRecipient, Refusal } from './change.ts'
import { allKeysOf, keysOf, keysUnder, profileOf } from './holders.ts'
import { fillField, newField } from './field.ts'
import type { NewField } from './field.ts'
import { behind, isLoneAlias } from './insert.ts'
import type { TextEdit } from './text.ts'
import type { Newcomer } from './item.ts'
import { keyListsIn, slotListsIn } from './lists.ts'
import type { KeyList, Place } from './lists.ts'
import { partnersIn } from './partners.ts'
import { replaced, replacedAlias } from './replace.ts'
import { holdersOf, lineOf, mergedInto, provided, resolved, rulesIn } from './rules.ts'
import type { Holder } from './rules.ts'
import { sharingRefusal } from './sharing.ts'
import { fieldFor, fieldNames, formFor, sameField, takes } from './spelling.ts'
import { anchorOf } from './tree.ts'
import type { ConfigTree } from './tree.ts'

/** Keys that come into the empty field at `at` of `map`, or into one that is still to be made behind it. */
interface FieldArrival {
  readonly map: YAMLMap
  readonly at: number
  readonly exists: boolean
  readonly field: NewField
  readonly all: NewRecipient[]
}

/**
 * The edits after which each of the added has access wherever one of its models has. Where one takes the place of a removed one
 * outright, that one is no longer there; the other removed are still to go. Throws Unspellable.
 */
export function additions(tree: ConfigTree, change: ConfigChange): readonly TextEdit[] | Refusal {
  const plan = new Plan(tree, change)
  const refusal = plan.refusal()
  if (refusal !== null) return refusal
  plan.besideModels()
  const shared = plan.intoFields()
  if (shared !== null) return shared
  plan.intoDefinitions()
  return plan.edits()
}

class Plan {
  readonly #tree: ConfigTree
  readonly #lists: readonly KeyList[]
  readonly #like: ReadonlySet<string> | 'every rule'
  readonly #added: readonly NewRecipient[]
  /** Who takes whose place, by the canonical id of who goes. */
  readonly #partners: ReadonlyMap<string, NewRecipient>
  readonly #arrivals: Arrival[] = []
  readonly #fields: FieldArrival[] = []
  readonly #holders: readonly Holder[]

  constructor(tree: ConfigTree, change: ConfigChange) {
    this.#tree = tree
    this.#lists = keyListsIn(tree)
    this.#like = change.like === 'every rule' ? change.like : new Set(change.like.map(canonicalId))
    this.#added = unique(change.added)
    this.#partners = partnersIn(tree, this.#lists, change)
    const holders = rulesIn(tree).flatMap((rule) => holdersOf(tree, rule))
    // Of a rule with several key groups one has the key already, or refusal() says so.
    const alone = (one: Holder): boolean => holders.every((other) => other === one || other.rule !== one.rule)
    this.#holders = change.like === 'every rule' ? holders.filter(alone)
      : holders.flatMap((holder) => [holder, ...mergedInto(tree, holder)])
  }

  /** `every rule` does not say which of several key groups. */
  refusal(): Refusal | null {
    if (this.#like !== 'every rule') return null
    for (const rule of rulesIn(this.#tree)) {
      const holders = holdersOf(this.#tree, rule)
      const lacking = this.#added.some(({ recipient }) =>
        !holders.some((holder) => allKeysOf(this.#tree, holder).has(canonicalId(recipient))))
      if (holders.length < 2 || !lacking) continue
      const reason = `${rule.what} has ${holders.length} key groups, and "*" does not say into which of them the key goes: `
        + 'name in same-access-as whose access it gets.'
      return { line: lineOf(this.#tree, rule.node), reason }
    }
    return null
  }

  /** Into every list of keys in which a model stands. */
  besideModels(): void {
    const like = this.#like
    if (like === 'every rule') return
    const defined = new Set(this.#lists.flatMap(({ field, members }) => field === null ? [...members] : []))
    for (const { field, kind, places, members } of this.#lists) {
      const models = places.filter(({ recipient }) => recipient !== null && like.has(canonicalId(recipient)))
      for (const one of models.length === 0 ? [] : this.#added) {
        const id = canonicalId(one.recipient)
        if (members.has(id) || (field === null && defined.has(id))) continue
        const same = models.filter(({ recipient }) => recipient !== null && sameField(recipient.kind, one.recipient.kind))
        const { kind: of } = one.recipient
        const fits = field === null ? same.length > 0 || formFor(of, true) === 'text' : takes(field, of)
        if (!fits) continue
        const left = models.filter(({ recipient }) => recipient !== null && this.#partners.get(canonicalId(recipient)) === one)
        for (const place of left) this.#arrivals.push({ one, place, instead: true })
        // A table has a name for each of its keys.
        if (left.length > 0 || (kind === 'table' && one.name === null)) continue
        const [place = models[0]] = same
        if (place !== undefined) this.#arrivals.push({ one, place, instead: false })
      }
    }
  }

  /** Into the rules and groups in which the models stand under other fields, or, for every rule, into all. */
  intoFields(): Refusal | null {
    const tree = this.#tree
    const like = this.#like
    const gains = (other: Holder): boolean => like === 'every rule' || [...keysOf(tree, other)].some((id) => like.has(id))
    for (const holder of this.#holders) {
      const there = like === 'every rule' ? allKeysOf(tree, holder) : keysOf(tree, holder)
      const used = fieldNames(holder.group).filter((name) => like === 'every rule' ? provided(tree, holder.map, name) !== null
        : [...keysUnder(tree, holder, name)].some((id) => like.has(id)))
      for (const one of this.#added) {
        const name = fieldFor(one.recipient.kind, holder.group)
        if (there.has(canonicalId(one.recipient)) || used.length === 0) continue
        if (like !== 'every rule' && used.includes(name)) continue
        const found = provided(tree, holder.map, name)
        const refusal = found === null ? null : sharingRefusal(tree, holder, name, gains)
        if (refusal !== null) return refusal
        if (found === null) this.#intoNewField(holder, name, used, one)
        else if (!this.#intoOldField(found.value, one)) this.#intoField(holder, found.map, found.at, name, true, one)
      }
    }
    return null
  }

  /** False where the field holds no key yet. */
  #intoOldField(value: unknown, one: NewRecipient): boolean {
    const listAt = (at: unknown): KeyList | undefined => this.#lists.find(({ node }) => node === at)
    const list = listAt(value) ?? listAt(resolved(this.#tree, value))
    const place = list?.places.findLast(({ recipient }) => recipient !== null) ?? list?.places.at(-1)
    if (place === undefined || list === undefined) return false
    const there = list.members.has(canonicalId(one.recipient))
    const comes = this.#arrivals.some((other) => other.place.list === place.list && other.one === one)
    if (!there && !comes) this.#arrivals.push({ one, place, instead: false })
    return true
  }

  #intoNewField(holder: Holder, name: string, used: readonly string[], one: NewRecipient): void {
    const tree = this.#tree
    const places = used.flatMap((field) => provided(tree, holder.map, field) ?? [])
    const own = places.filter(({ map }) => map === holder.map)
    const last = (own.length > 0 ? own : places).toSorted((a, b) => a.at - b.at).at(-1)
    if (last !== undefined) this.#intoField(holder, last.map, last.at, name, false, one)
  }

  #intoField(holder: Holder, map: YAMLMap, at: number, name: string, exists: boolean, one: NewRecipient): void {
    const known = this.#fields.find((other) => other.map === map && other.field.name === name)
    if (known === undefined) {
      const profile = profileOf(this.#tree, holder, name)
      this.#fields.push({ map, at, exists, field: { name, group: holder.group, profile }, all: [one] })
    } else if (!known.all.includes(one)) known.all.push(one)
  }

  /** For every rule: a named key gets an anchor among the others where the rules use anchors. */
  intoDefinitions(): void {
    if (this.#like !== 'every rule') return
    const lastAnchored = ({ places }: KeyList): Place | undefined => places.findLast(({ slot }) => isAnchored(slot.value))
    const [place] = this.#lists.flatMap((list) => list.field === null ? lastAnchored(list) ?? [] : [])
    if (place === undefined || place.recipient === null) return
    for (const one of this.#added) {
      const known = this.#lists.some(({ field, members }) => field === null && members.has(canonicalId(one.recipient)))
      const fits = sameField(place.recipient.kind, one.recipient.kind) || formFor(one.recipient.kind, true) === 'text'
      const aliased = this.#arrivals.some((other) => other.one === one && isAlias(other.place.slot.value))
        || this.#fields.some(({ all, map, at }) => all.includes(one) && holdsAlias(map.items[at]?.value))
      if (!known && fits && aliased && one.name !== null) this.#arrivals.push({ one, place, instead: false })
    }
  }

  edits(): readonly TextEdit[] {
    const tree = this.#tree
    const anchors = new Anchors(tree)
    const anchored = new Map<Arrival, string>()
    const inOrder = onceEach(tree, this.#lists, this.#arrivals).toSorted((a, b) => a.place.slot.start - b.place.slot.start)
    for (const arrival of inOrder) {
      const { one: { recipient, name }, place: { slot }, instead } = arrival
      const old = isAnchored(slot.value) ? anchorOf(slot) : null
      if (old === null || anchors.has(recipient)) continue
      if (name !== null) anchored.set(arrival, anchors.define(recipient, name, slot.start, instead ? old : null))
      else if (instead) {
        anchors.keep(recipient, old, slot.start)
        anchored.set(arrival, old)
      }
    }
    const newcomer = (one: NewRecipient, at: number, anchor: string | null): Newcomer =>
      ({ ...one, anchor, alias: anchors.aliasFor(one.recipient, at) })
    const edits: TextEdit[] = []
    const groups = new Map<Place['slot'], { readonly place: Place; partner: Newcomer | null; readonly all: Newcomer[] }>()
    for (const arrival of inOrder) {
      const { one, place, instead } = arrival
      const written = newcomer(one, place.slot.start, anchored.get(arrival) ?? null)
      const group = groups.get(place.slot) ?? { place, partner: null, all: [] }
      if (instead) group.partner = written
      else group.all.push(written)
      groups.set(place.slot, group)
    }
    for (const { place, partner, all } of groups.values()) {
      if (partner !== null && all.length > 0 && isLoneAlias(place)) edits.push(...replacedAlias(tree, place, partner, all))
      else edits.push(...(partner === null ? [] : replaced(tree, place, partner) ?? []), ...behind(tree, place, all))
    }
    const slotLists = slotListsIn(tree)
    for (const { map, at, exists, field, all } of this.#fields) {
      const list = slotLists.get(map)
      const start = list?.slots[at]?.start
      if (list === undefined || start === undefined) continue
      const write = exists ? fillField : newField
      edits.push(...write(tree, list, at, field, all.map((one) => newcomer(one, start, null))))
    }
    return edits
  }
}

function holdsAlias(value: unknown): boolean {
  return isAlias(isSeq(value) ? value.items[0] : value)
}

function isAnchored(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'anchor' in value && typeof value.anchor === 'string'
}

function unique(added: readonly NewRecipient[]): readonly NewRecipient[] {
  return [...new Map(added.toReversed().map((one) => [canonicalId(one.recipient), one])).values()].toReversed()
}
