// YAML in the one layout that sops itself writes, read without a YAML parser: thousands of files are read this way.
// Must give up (null) at the first line that is laid out in any other way.

type Container = Record<string, unknown> | unknown[]

/** A wrapped data key as a literal block: most of the text, and of no interest here. Below a dash its lines stand deeper. */
const wrapped = /^( *)(?:(- )enc: \|-?\n(?:\1 {4}.*\n)+|enc: \|-?\n(?:\1 {2}.*\n)+)/gm
const entry = /^( *)(- )?(?:([A-Za-z_][\w./-]*):(?: (.*))?|([^\s#].*))$/
/** Some parsers take these names for something else than text. */
const noName = /^(?:null|true|false|__proto__)$/i
/** What is the same text to every YAML parser, quoted or not. */
const scalar = /^(?:"([^"\\]*)"|([A-Za-z0-9/_](?:(?!: | #)[^\n])*[^\s:]|[A-Za-z0-9]))$/

/** The map in `block`, at whatever column it starts, all scalars as text; null where a parser has to read it. */
export function readYamlBlock(block: string): Readonly<Record<string, unknown>> | null {
  const root: Record<string, unknown> = {}
  /** What is open, outermost first, with the column its entries start at; null until its first entry. */
  const open: { column: number | null; place: Container; list: boolean | null; into: (made: Container) => void }[] = [
    { column: null, place: root, list: false, into: () => undefined },
  ]
  for (const line of block.replace(wrapped, '$1$2enc: ""\n').split('\n')) {
    if (/^(?: *#.*)?$/.test(line)) continue
    const [, spaces = '', dash = '', name = '', value = '', bare = ''] = entry.exec(line) ?? []
    if (noName.test(name) || (name === '' && (bare === '' || dash === ''))) return null
    const column = spaces.length
    while (open.length > 1 && (open.at(-1)?.column ?? 0) > column) open.pop()
    let top = open.at(-1)
    if (top === undefined) return null
    if (top.column === null) {
      // A name without a value, or with one at its own column.
      if (open.length > 1 && column <= (open.at(-2)?.column ?? 0)) return null
      // The first entry decides whether this is a list or a map.
      top.column = column
      if (top.list === null) {
        top.list = dash !== ''
        top.place = top.list ? [] : {}
        top.into(top.place)
      }
    }
    if (top.column !== column || top.list !== (dash !== '')) return null
    if (name === '') {
      const text = textOf(bare)
      if (text === null || !Array.isArray(top.place)) return null
      top.place.push(text)
      continue
    }
    if (dash !== '' && Array.isArray(top.place)) {
      const item: Record<string, unknown> = {}
      top.place.push(item)
      top = { column: column + 2, place: item, list: false, into: () => undefined }
      open.push(top)
    }
    const map = top.place
    if (Array.isArray(map) || Object.hasOwn(map, name)) return null
    if (value === '') open.push({ column: null, place: {}, list: null, into: (made) => (map[name] = made) })
    else if (value === '[]') map[name] = []
    else {
      const text = textOf(value)
      if (text === null) return null
      map[name] = text
    }
  }
  return open.some(({ column }) => column === null) ? null : root
}

function textOf(value: string): string | null {
  const [, quoted, plain] = scalar.exec(value) ?? []
  return quoted ?? plain ?? null
}
