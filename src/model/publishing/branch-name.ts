// What git and GitHub take for the name of a branch.

const forbidden = /[\x00-\x20~^:?*[\\\x7f]|\.\.|@\{|\/\/|^[-/]|\/$|\.$|^(?:@|HEAD|[0-9a-f]{40})$|^refs\/|(?:^|\/)\.|\.lock(?:\/|$)/

/** GitHub takes 255 bytes with `refs/heads/` before it. */
const longest = 244

export function isBranchName(name: string): boolean {
  return name !== '' && !forbidden.test(name) && new TextEncoder().encode(name).length <= longest
}
