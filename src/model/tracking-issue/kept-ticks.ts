// The boxes that people ticked in a text of ours → the same boxes in the text that takes its place.
// Must never tick a box of which something else is said now: it may stand for more, or for what got worse.

interface Box {
  readonly ticked: boolean
  /** What it stands for: the file above it, whole whether or not its folder is folded, and all its words. */
  readonly meaning: string
}

const boxLine = /^(\s*)- \[([ xX])\] (.*)$/
const fileLine = /^- (<code>.*?<\/code>)/
const folderLine = /^<details><summary>(<code>.*?<\/code>)?/

/** `text` with those of its open boxes ticked that are ticked in `before` with the very same words. */
export function keepTicks(before: string, text: string): string {
  const ticked = new Set(boxesIn(before).flatMap((box) => (box?.ticked === true ? [box.meaning] : [])))
  if (ticked.size === 0) return text
  const boxes = boxesIn(text)
  return text.split('\n').map((line, at) => (ticked.has(boxes[at]?.meaning ?? '') ? line.replace('- [ ]', '- [x]') : line)).join('\n')
}

/** For each line its box; null where it has none. */
function boxesIn(text: string): readonly (Box | null)[] {
  let [folder, file] = ['', '']
  return text.split('\n').map((line) => {
    const [, indent = '', mark, words = ''] = boxLine.exec(line.trimEnd()) ?? []
    if (mark !== undefined) return { ticked: mark !== ' ', meaning: `${indent === '' ? '' : pathOf(folder, file)}\0${words}` }
    if (line.startsWith('<details>')) folder = named(folderLine.exec(line)?.[1])
    else if (line.startsWith('</details>')) folder = ''
    else file = fileLine.test(line) ? named(fileLine.exec(line)?.[1]) : file
    return null
  })
}

/** The summary of a folder with one file in it names that file. */
function pathOf(folder: string, file: string): string {
  return folder === '' || folder.endsWith('/') ? folder + file : folder
}

/** What a `<code>` of ours shows. */
function named(element = ''): string {
  return element.replaceAll(/<!-- -->|<\/?code>/g, '').replace(/&#(\d+);/g, (_, number) => String.fromCharCode(Number(number)))
}
