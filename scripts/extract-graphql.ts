// Cuts GitHub's published GraphQL schema down to the operations the tests use, with every type they reach.
// Must never weaken a type: arguments, fields and what may be null stay as published.
// Use: npm i --prefix "$(mktemp -d)" @octokit/graphql-schema, then
// node scripts/extract-graphql.ts FOLDER/node_modules/@octokit/graphql-schema __tests__/support/fixtures/github.graphql
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Kind, isTypeDefinitionNode, parse, print, specifiedScalarTypes, visit } from 'graphql'
import type { TypeDefinitionNode } from 'graphql'

/** The fields of the roots, and of types that would drag in all the others; of the rest that they reach everything is kept. */
const wanted: Readonly<Record<string, readonly string[]>> = { Query: ['viewer'], Mutation: ['updateRefs'], User: ['databaseId', 'login'] }

const [packageFolder, target] = process.argv.slice(2)
if (packageFolder === undefined || target === undefined) {
  throw new Error('Wanted: the folder of @octokit/graphql-schema, and the file to write.')
}
const source = parse(readFileSync(join(packageFolder, 'schema.graphql'), 'utf8'), { noLocation: true })
const { version } = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')) as { version: string }

const published = new Map(source.definitions.filter(isTypeDefinitionNode).map((one) => [one.name.value, one]))
const builtIn = new Set(specifiedScalarTypes.map(({ name }) => name))
const kept = new Map<string, TypeDefinitionNode>()

function keep(name: string): void {
  if (kept.has(name) || builtIn.has(name)) return
  const found = published.get(name)
  if (found === undefined) throw new Error(`The schema has no type ${name}.`)
  const fields = wanted[name]
  // Directives are GitHub's own notes (previews, pages of its docs), and descriptions are words for people.
  const plain: TypeDefinitionNode = visit(found, {
    enter: (node, key): null | undefined => node.kind === Kind.DIRECTIVE || key === 'description' ? null : undefined,
  })
  const cut = fields !== undefined && plain.kind === Kind.OBJECT_TYPE_DEFINITION
    ? { ...plain, interfaces: [], fields: plain.fields?.filter((field) => fields.includes(field.name.value)) ?? [] } : plain
  kept.set(name, cut)
  visit(cut, { NamedType: (node) => keep(node.name.value) })
}

for (const root of Object.keys(wanted)) keep(root)
const types = [...kept].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, definition]) => print(definition))
writeFileSync(target, `# From @octokit/graphql-schema ${version}.\n${types.join('\n\n')}\n`)
