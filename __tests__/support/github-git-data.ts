// The git half of the GitHub of the tests: trees and commits made through the API, signed for bots, and GraphQL's updateRefs, on a
// real repository. Must never import what has to be installed: the demo runs it as it is.
import type { Answer, Handler, Json } from './github-server.ts'

export interface GitDataPlace {
  /** git in the bare repository, with `input` for it and an index of its own for each name. */
  readonly git: (args: readonly string[], input?: string, index?: string) => Promise<string>
  /** The address of the API for this repository. */
  readonly api: string
  /** Whom the token belongs to. */
  readonly login: string
  /** The answer for one commit. */
  readonly commit: (sha: string) => Promise<Json>
  readonly refuse: (status: number, message: string) => Answer
}

export interface GitData {
  readonly handlers: readonly (readonly [string, RegExp, Handler])[]
  readonly verificationOf: (sha: string) => Promise<Json>
  /** Carries out what `POST /api/graphql` was sent: updateRefs, or whom the token belongs to. */
  readonly graphql: (body: Json) => Promise<Answer>
}

const unsigned = { verified: false, reason: 'unsigned', signature: null, payload: null, verified_at: null }
/** Whoever bears it is taken for verified, also what a test signs so. */
const signature = '-----BEGIN PGP SIGNATURE-----\n\nwsBcBAABCAAQBQJ\n-----END PGP SIGNATURE-----\n'
const gitHub = 'GitHub <noreply@github.com>'

function numberOf(login: string): number {
  return login === 'github-actions[bot]' ? 41898282 : 4711
}

function identityOf(login: string): string {
  return `${login} <${login.endsWith('[bot]') ? `${numberOf(login)}+${login}@users.noreply.github.com` : `${login}@example.com`}>`
}

interface RefUpdate {
  readonly name: string
  readonly beforeOid?: string
  readonly afterOid: string
  readonly force?: boolean
}

interface TreeEntry {
  readonly path: string
  readonly mode: string
  readonly sha: string
}

export function gitData({ git, api, login, commit, refuse }: GitDataPlace): GitData {
  const known = async (object: string): Promise<string | null> => await git(['rev-parse', '--verify', '-q', object]).catch(() => null)
  let indexes = 0

  const createTree = async (body: Json): Promise<Answer> => {
    const [base, entries] = [String(body['base_tree']), (body['tree'] ?? []) as readonly TreeEntry[]]
    if (await known(`${base}^{tree}`) !== base) return refuse(422, 'base_tree is not a valid tree oid')
    for (const { sha } of entries) if (await known(`${sha}^{blob}`) === null) return refuse(422, `tree.sha ${sha} is not a valid blob`)
    const index = `index-${indexes += 1}`
    await git(['read-tree', base], '', index)
    await git(['update-index', '-z', '--index-info'], entries.map(({ path, mode, sha }) => `${mode} ${sha}\t${path}\0`).join(''), index)
    const sha = await git(['write-tree'], '', index)
    const listed = (await git(['ls-tree', '-z', sha])).split('\0').filter((line) => line !== '').map((line) => {
      const [head = '', path = ''] = line.split('\t')
      const [mode = '', type = '', id = ''] = head.split(' ')
      return { path, mode, type, sha: id, url: `${api}/git/${type}s/${id}` }
    })
    return { status: 201, body: { sha, url: `${api}/git/trees/${sha}`, truncated: false, tree: listed } }
  }

  const createCommit = async (body: Json): Promise<Answer> => {
    const [tree, parents] = [String(body['tree']), (body['parents'] ?? []) as readonly string[]]
    const objects = await Promise.all([`${tree}^{tree}`, ...parents.map((parent) => `${parent}^{commit}`)].map(known))
    // GitHub takes a tree only by its own id.
    if (objects.includes(null) || objects[0] !== tree) return refuse(422, 'Tree SHA does not exist')
    const signs = login.endsWith('[bot]') && ['author', 'committer', 'signature'].every((name) => body[name] === undefined)
    const seconds = `${Math.floor(Date.now() / 1000)} +0000`
    const head = [
      `tree ${tree}`, ...parents.map((parent) => `parent ${parent}`), `author ${identityOf(login)} ${seconds}`,
      `committer ${signs ? gitHub : identityOf(login)} ${seconds}`,
      ...(signs ? [`gpgsig ${signature.trimEnd().replaceAll('\n', '\n ')}`] : []),
    ]
    const sha = await git(['hash-object', '-t', 'commit', '-w', '--stdin'], `${head.join('\n')}\n\n${String(body['message'])}`)
    return { status: 201, body: await commit(sha) }
  }

  const updateRefs = async (updates: readonly RefUpdate[]): Promise<string | null> => {
    const commands = []
    for (const { name, beforeOid, afterOid, force = false } of updates) {
      const at = await git(['rev-parse', '--verify', '-q', name]).catch(() => null)
      const forward = at === null || await git(['merge-base', '--is-ancestor', at, afterOid]).then(() => true, () => false)
      if (!forward && !force) return `Reference ${name} cannot be updated: not a fast-forward`
      // git reads an id of zeros as "must not be there".
      commands.push(`update ${name} ${afterOid}${beforeOid === undefined ? '' : ` ${beforeOid}`}\n`)
    }
    return await git(['update-ref', '--stdin'], commands.join('')).then(() => null, () => 'A reference is not at the value that was expected')
  }

  return {
    handlers: [
      ['POST', /^\/git\/commits$/, (_, { body }) => createCommit(body ?? {})],
      ['POST', /^\/git\/trees$/, (_, { body }) => createTree(body ?? {})],
    ],
    verificationOf: async (sha) => {
      const raw = await git(['cat-file', 'commit', sha])
      return raw.includes(`\ngpgsig ${signature.slice(0, signature.indexOf('\n'))}\n`) ? { verified: true, reason: 'valid', signature, payload: raw.replace(/\ngpgsig [^]*?\n(?! )/, '\n'), verified_at: '2026-01-01T00:00:00Z' } : unsigned
    },
    graphql: async (body) => {
      if (/\bviewer\b/.test(String(body['query']))) return { status: 200, body: { data: { viewer: { login, databaseId: numberOf(login) } } } }
      const { input } = (body['variables'] ?? {}) as { readonly input?: { readonly refUpdates: readonly RefUpdate[] } }
      if (!String(body['query']).includes('updateRefs') || input === undefined) {
        return { status: 200, body: { errors: [{ message: 'This GraphQL knows nothing but updateRefs and viewer.' }] } }
      }
      const wrong = await updateRefs(input.refUpdates)
      const errors = [{ type: 'UNPROCESSABLE', path: ['updateRefs'], locations: [{ line: 1, column: 1 }], message: wrong }]
      return { status: 200, body: wrong === null ? { data: { updateRefs: { clientMutationId: null } } } : { data: { updateRefs: null }, errors } }
    },
  }
}
