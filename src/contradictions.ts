// Inputs of which each is right and which together are not.
// Must never choose between two: who wrote them is asked.
import { Failure } from './model/failure.ts'
import type { Inputs } from './model/inputs.ts'
import { variablesIn } from './model/publishing/template.ts'

/** Throws Failure `input`, naming the inputs and saying which to leave out. */
export function refuseContradictions(inputs: Inputs): void {
  refuseContradictingAccess(inputs)
  refuseEmptyVariables(inputs)
  if (inputs.sopsPath !== null && inputs.sopsVersion !== null) {
    throw new Failure('input', 'The inputs `sops-path` and `sops-version` contradict each other: a binary that is named is used as it is.', {
      advice: 'Leave out one of them.',
    })
  }
  if (inputs.rotateAll && inputs.maxKeyAge !== null) {
    throw new Failure('input', 'The inputs `rotate-all: true` and `max-key-age` contradict each other: the first gives every file a new data key, whatever its age.', {
      advice: 'Leave out one of them.',
    })
  }
  if (inputs.token === '' && !inputs.dryRun && (inputs.pullRequest !== null || inputs.trackingIssue)) {
    throw new Failure('input', 'The input `token` is empty.', { advice: 'Write `token: ${{ github.token }}`, or leave it out.' })
  }
}

function refuseContradictingAccess({ removedRecipients: removed, addedRecipients: added, sameAccessAs }: Inputs): void {
  const contradict = (what: string, advice: string): Failure => new Failure('input', what, { advice })
  if (added.length > 0 && removed.length === 0 && sameAccessAs === null) {
    throw contradict('The input `added-recipient` does not say what the new recipient gets access to.',
      'Write whose access it gets, like `same-access-as: alice`, or `same-access-as: "*"` for every rule; or name in `removed-recipient` whose place it takes.')
  }
  if (sameAccessAs !== null && added.length === 0) {
    throw contradict('The input `same-access-as` needs `added-recipient`: it says whose access the new recipient gets.', 'Write who comes, like `added-recipient: carol=age1…`.')
  }
  if (sameAccessAs !== null && removed.length > 0) {
    throw contradict('The inputs `same-access-as` and `removed-recipient` contradict each other: the new recipient takes the place of the removed one.', 'Leave out `same-access-as`, or run twice.')
  }
  if (removed.length > 1 && added.length > 1) {
    throw contradict('The inputs `removed-recipient` and `added-recipient` both name several, and do not say who takes whose place: each who comes would get the access of all who go.',
      'Run once for each who goes, with who takes that place in `added-recipient`.')
  }
}

/** A name or a sentence with a hole in it says something else. */
function refuseEmptyVariables({ removedRecipients, addedRecipients, pullRequest: wanted }: Inputs): void {
  const templates = {
    branch: wanted?.branch, title: wanted?.title, 'commit-message': wanted?.commitMessage, 'body-header': wanted?.bodyHeader,
  }
  const empty = [...(removedRecipients.length === 0 ? ['removed'] : []), ...(addedRecipients.length === 0 ? ['added'] : [])]
  for (const [name, value] of Object.entries(templates)) {
    const hole = variablesIn(value ?? '').find((variable) => empty.includes(variable))
    if (hole === undefined) continue
    throw new Failure('input', `The input \`${name}\` holds {${hole}}, but \`${hole}-recipient\` is not given.`, {
      advice: `Leave {${hole}} out of \`${name}\`, or give \`${hole}-recipient\`.`,
    })
  }
}
