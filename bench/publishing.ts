// Our side up to the pull request: the built action beside a GitHub on this machine, with a count of what it asks of it.
// Must never pass for a run whose branch does not hold every file, re-encrypted.
import { startGitHubServer } from '../__tests__/support/github-server.ts'
import type { EncryptedTree } from './encrypted-tree.ts'
import { assertReported, measure } from './ours.ts'
import type { ActionCost } from './ours.ts'

const token = 'ghs_0123456789abcdefghijklmnopqrstuvwxyz'

/** GitHub takes a little more; what is longer is not meant to be. */
const bodyLimit = 60_000

/** Offboards bob in a pull request. The seconds are those after the proof; the memory is that of the whole run. */
export async function publishWithAction(tree: EncryptedTree): Promise<ActionCost> {
  await using server = await startGitHubServer({ token, repo: 'infra' })
  tree.git('push', '--quiet', server.repository, 'HEAD:refs/heads/main')
  const { run, report, secondsAfterProof, peakMegabytes } = await measure(
    tree,
    { 'removed-recipient': 'bob', 'pull-request': 'true', token },
    {
      GITHUB_SERVER_URL: server.serverUrl, GITHUB_API_URL: server.apiUrl, GITHUB_GRAPHQL_URL: server.graphqlUrl,
      GITHUB_REF: 'refs/heads/main',
    },
  )
  assertReported(tree, report, 'published')
  tree.assertUntouched()
  const [pull, ...more] = server.pulls
  const branch = run.outputs['pull-request-branch'] ?? ''
  const ours = pull?.state === 'open' && pull.branch === branch && (pull.body ?? '').length < bodyLimit
  if (!ours || more.length > 0) {
    throw new Error(`There is not the one pull request of ${branch}, with a body below ${bodyLimit} characters.`)
  }
  tree.git('fetch', '--quiet', server.repository, branch)
  tree.git('restore', '--source', 'FETCH_HEAD', '--', '.')
  tree.assertOffboarded()
  tree.reset()
  const calls = server.requests.filter(({ path }) => !/\/(?:info\/refs|git-(?:upload|receive)-pack)$/.test(path)).length
  return { seconds: secondsAfterProof, secondsToSurvey: null, sopsPerFile: report.sopsCalls / tree.files.size, peakMegabytes, calls }
}
