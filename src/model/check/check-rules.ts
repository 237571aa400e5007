// What each code of a check means and what to do about it, in the words of docs/check.md, where each has a heading of its own.
// Must never depend on a repository: it is what SARIF calls the rules of the tool.

export interface CheckRule {
  /** What is the matter, as a heading. */
  readonly title: string
  /** What to do, whole sentences. */
  readonly help: string
}

export const checkRules: Readonly<Record<string, CheckRule>> = {
  'drift': {
    title: 'The recipients of a file are not those that its config names',
    help: 'Run the action without `removed-recipient`: it brings the files in line with their configs, and gives a '
      + 'file that loses a reader a new data key. Where the config is wrong, mend the config.',
  },
  'drift-unknown': {
    title: 'Whether a file has drifted cannot be told without a key',
    help: 'Write the version of each Azure key into the config, or look at the plan of a run that has a credential '
      + '(`dry-run: true`).',
  },
  'config-unreadable': {
    title: 'sops cannot take a config',
    help: 'Mend what the message names. Until then sops works with none of the files that this config is for.',
  },
  'hidden-readers': {
    title: 'sops reads other recipients from a file than its metadata seems to name',
    help: 'Look at the `sops` block of the file by hand: someone may have hidden a reader in it.',
  },
  'no-rule': {
    title: 'No creation rule names keys for an encrypted file',
    help: 'Add a rule for it to the nearest `.sops.yaml`. Without one, nobody can be added to the file or taken out '
      + 'of it by sops updatekeys.',
  },
  'plaintext': {
    title: 'A file that a rule says should be encrypted is not',
    help: 'Encrypt it with `sops encrypt --in-place`, and take every secret in it for known: git keeps the '
      + 'plaintext. If it holds no secret, narrow `path_regex`, or leave the file out with a line `!path` in '
      + '`files`.',
  },
  'removed-came-back': {
    title: 'A key that was removed is back',
    help: 'A branch that is older than the removal may have been merged. Run the action with `removed-recipient` '
      + 'again; or, if the key is meant to be back, enter it under `owners` in the owners file.',
  },
  'data-key-held': {
    title: 'Someone who was removed still has the data key',
    help: 'Run the action without `removed-recipient`: it gives the file a new data key. Then change the secrets that were '
      + 'written since they left: they may have been read.',
  },
  'merge-dropped': {
    title: 'A merge dropped a recipient',
    help: 'One side of the merge had this recipient, and the result does not, though no side removed it. Put it '
      + 'back, or say in a commit that it was meant.',
  },
  'required-recipient': {
    title: 'A recipient that every file must keep is missing',
    help: 'Add it to the rule of the file, and run the action.',
  },
  'single-key-kind': {
    title: 'Only keys of one kind open a file',
    help: 'Add a key of another kind to the rule, so that losing one kind does not lose the file.',
  },
  'shared-environment-key': {
    title: 'A key of a key service opens the files of several environments',
    help: 'Create a key for each environment, and give each environment a rule with its own.',
  },
  'few-survivors': {
    title: 'Losing one recipient would lose a file',
    help: 'Add another recipient to the rule, or a second one to each key group that has only one.',
  },
  'owner-unknown': {
    title: 'Nobody knows whose key it is',
    help: 'Write the name beside the key in `.sops.yaml`, or enter the key in the owners file. What has no owner is '
      + 'forgotten when its owner leaves.',
  },
  'data-key-old': {
    title: 'A data key is older than `max-key-age`',
    help: 'Run the action with the same `max-key-age`.',
  },
  'damaged-file': {
    title: 'A file is meant for sops, and is not whole',
    help: 'Restore it from a commit at which it was whole, or leave it out with a line `!path` in `files`.',
  },
  'config-ignored': {
    title: 'A config has a name that sops does not look for',
    help: 'Rename it to `.sops.yaml`.',
  },
  'skipped': {
    title: 'A link or submodule was not followed',
    help: 'Check the repository or the file that it leads to by itself.',
  },
  'history-shallow': {
    title: 'The checkout is too shallow to tell',
    help: 'Write `fetch-depth: 0` for actions/checkout.',
  },
  'merges-left-out': {
    title: 'Not every merge was looked at',
    help: 'Nothing has to be done, unless one of the older merges is in doubt.',
  },
}

/** What stopped the check has no rule here. */
export function ruleOf(code: string): CheckRule {
  const known = Object.hasOwn(checkRules, code) ? checkRules[code] : undefined
  const help = 'See what the message says, mend that, and run again.'
  return known ?? { title: `The check could not be finished (${code})`, help }
}
