// Which files in the clear were encrypted under another name: by what went in the commits in which they came.
// Pure. Must never call a file another one merely because both changed in one commit: the bytes are the same, or the values are.
import { isComment, scalarsIn } from '../exposure/file-version.ts'
import type { History } from '../exposure/history.ts'

/** Of one commit that brought a file which is asked for. */
interface Exchange {
  readonly came: ReadonlyMap<string, string>
  /** By git's id of the bytes: where they stood. */
  readonly went: ReadonlyMap<string, readonly string[]>
}

type Version = History['versions'][number]

/** Is told each change of a history, the newest first, those of a commit one after the other. */
export class Renames {
  readonly #asked: Set<string>
  readonly #exchanges: Exchange[] = []
  #sha = ''
  #came = new Map<string, string>()
  #went: (readonly [path: string, blob: string])[] = []

  constructor(paths: Iterable<string>) {
    this.#asked = new Set(paths)
  }

  /** Ids of the bytes; null: not there. */
  visit(sha: string, path: string, before: string | null, after: string | null): void {
    if (sha !== this.#sha) this.#close()
    this.#sha = sha
    if (before === null && after !== null && this.#asked.has(path)) this.#came.set(path, after)
    if (before !== null && after === null) this.#went.push([path, before])
  }

  #close(): void {
    if (this.#came.size > 0 && this.#went.length > 0) {
      const by = Map.groupBy(this.#went, ([, blob]) => blob)
      const went = new Map([...by].map(([blob, all]) => [blob, all.map(([path]) => path)]))
      this.#exchanges.push({ came: this.#came, went })
      // What it was called before is asked for further down.
      for (const blob of this.#came.values()) for (const path of went.get(blob) ?? []) this.#asked.add(path)
    }
    this.#came = new Map()
    this.#went = []
  }

  /** Answers under which other name a file, now at a path in the clear, was encrypted; null where nothing says that it was. */
  encryptedAs(history: History): (path: string, read: () => Buffer) => string | null {
    this.#close()
    const once = new Set(history.changes.map(({ path }) => path))
    const versions = new Map(history.versions.map((version) => [version.blob, version]))
    const exchanges = this.#exchanges.map(({ came, went }) => ({
      came, went, encrypted: [...went].flatMap(([blob, paths]) => {
        const version = versions.get(blob)
        return version === undefined ? [] : [{ paths, version }]
      }),
    }))
    return (path, read) => {
      const seen = new Set([path])
      const values = new Values(read)
      for (const one of seen) {
        if (one !== path && once.has(one)) return one
        for (const { came, went, encrypted } of exchanges) {
          const blob = came.get(one)
          if (blob === undefined) continue
          const decrypted = encrypted.find(({ version }) => values.areThoseOf(version))
          for (const before of decrypted?.paths ?? went.get(blob) ?? []) seen.add(before)
        }
      }
      return null
    }
  }
}

/** The values of a file in the clear, read once. */
class Values {
  readonly #read: () => Buffer
  readonly #sizes = new Map<Version['format'], ReadonlyMap<string, number>>()

  constructor(read: () => Buffer) {
    this.#read = read
  }

  /** Whether every value that `version` has encrypted is there by its name, and most of them as long. */
  areThoseOf({ format, leaves }: Version): boolean {
    const sizes = this.#sizes.get(format) ?? sizesIn(format, this.#read())
    this.#sizes.set(format, sizes)
    const values = leaves.filter(({ key }) => !isComment(key))
    const alike = values.filter(({ key, size }) => sizes.get(key) === size)
    return alike.length > values.length / 2 && values.every(({ key }) => sizes.has(key))
  }
}

/** In bytes, by name; none where it is no text of that format. */
function sizesIn(format: Version['format'], bytes: Buffer): ReadonlyMap<string, number> {
  try {
    // A file that was encrypted as a whole need not be text: a byte is a character.
    const encoding = format === 'binary' ? 'latin1' : 'utf8'
    return new Map(scalarsIn(format, bytes.toString(encoding)).map(([key, value]) => [key, Buffer.byteLength(value, encoding)]))
  } catch {
    return new Map()
  }
}
