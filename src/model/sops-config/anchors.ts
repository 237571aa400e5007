// The anchors of keys in a `.sops.yaml`: which key has which, and which name a new one may have.
// Must never give a name that is taken, nor let an alias stand before its anchor.
import { isAlias } from 'yaml'
import { canonicalId } from '../recipient.ts'
import type { Recipient } from '../recipient.ts'
import type { SlotList } from './slots.ts'
import { anchorOf, recipientOf } from './tree.ts'
import type { ConfigTree } from './tree.ts'

interface Anchor {
  readonly name: string
  /** Where it stands; an alias of it may only follow. */
  readonly at: number
}

export class Anchors {
  readonly #of = new Map<string, Anchor>()
  readonly #taken = new Map<string, number>()

  constructor(tree: ConfigTree) {
    const found: [string, Anchor][] = []
    const walk = (list: SlotList): void => {
      for (const slot of list.slots) {
        const name = isAlias(slot.value) ? null : anchorOf(slot)
        const recipient = name === null ? null : recipientOf(tree, slot)
        if (name !== null) this.#taken.set(name, (this.#taken.get(name) ?? 0) + 1)
        if (name !== null && recipient !== null) found.push([canonicalId(recipient), { name, at: slot.start }])
        if (slot.below !== null) walk(slot.below)
      }
    }
    if (tree.root !== null) walk(tree.root)
    // Anchors of maps and lists that hold no single key.
    for (const [, name = ''] of tree.text.matchAll(/&([^\s,[\]{}]+)/g)) this.#taken.set(name, this.#taken.get(name) ?? 1)
    for (const [id, anchor] of found) {
      // One name for two keys: which of them an alias means depends on where it stands.
      if (this.#taken.get(anchor.name) === 1 && !this.#of.has(id)) this.#of.set(id, anchor)
    }
  }

  /** `*name` for a key, to be written at the offset; null where the key has no anchor before it. */
  aliasFor(recipient: Recipient, at: number): string | null {
    const anchor = this.#of.get(canonicalId(recipient))
    return anchor !== undefined && anchor.at < at ? `*${anchor.name}` : null
  }

  has(recipient: Recipient): boolean {
    return this.#of.has(canonicalId(recipient))
  }

  /** The anchor of a key that is to be written at the offset; one made from its holder's name, which may be that of `instead`. */
  define(recipient: Recipient, name: string, at: number, instead: string | null): string {
    const made = anchorName(name)
    let free = made
    for (let count = 2; this.#taken.has(free) && free !== instead; count += 1) free = `${made}-${count}`
    this.keep(recipient, free, at)
    return free
  }

  /** Gives a key the anchor of the one whose place it takes. */
  keep(recipient: Recipient, name: string, at: number): void {
    this.#taken.set(name, 1)
    this.#of.set(canonicalId(recipient), { name, at })
  }
}

/** What sops' parser takes for an anchor is narrower than YAML: letters, digits, `_` and `-`. */
export function anchorName(name: string): string {
  const short = name.split(/ \(| <| - /, 1)[0] ?? name
  const plain = short.normalize('NFKD').replace(/\p{M}+/gu, '').replace(/[^A-Za-z0-9_]+/g, '-').replace(/^-+|-+$/g, '')
  return plain === '' ? 'key' : plain
}
