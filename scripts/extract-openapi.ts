// Cuts GitHub's published OpenAPI description down to the operations the tests use, as JSON Schema that ajv understands.
// Must never weaken a schema: `required`, types and enums stay as published.
// Use: npm i --prefix "$(mktemp -d)" @octokit/openapi, then
// node scripts/extract-openapi.ts FOLDER/node_modules/@octokit/openapi __tests__/support/fixtures/github-openapi.json
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
type JsonObject = { readonly [key: string]: Json }

const repository = '/repos/{owner}/{repo}'

const wanted: readonly (readonly [string, string])[] = [
  ['get', repository],
  ['get', `${repository}/branches/{branch}`],
  ['get', `${repository}/commits/{ref}`],
  ['get', `${repository}/compare/{basehead}`],
  ['post', `${repository}/git/commits`],
  ['get', `${repository}/git/commits/{commit_sha}`],
  ['get', `${repository}/git/matching-refs/{ref}`],
  ['get', `${repository}/git/ref/{ref}`],
  ['delete', `${repository}/git/refs/{ref}`],
  ['post', `${repository}/git/trees`],
  ['get', `${repository}/issues`],
  ['post', `${repository}/issues`],
  ['patch', `${repository}/issues/{issue_number}`],
  ['post', `${repository}/issues/{issue_number}/assignees`],
  ['post', `${repository}/issues/{issue_number}/comments`],
  ['post', `${repository}/issues/{issue_number}/labels`],
  ['get', `${repository}/milestones`],
  ['get', `${repository}/pulls`],
  ['post', `${repository}/pulls`],
  ['get', `${repository}/pulls/{pull_number}`],
  ['patch', `${repository}/pulls/{pull_number}`],
  ['post', `${repository}/pulls/{pull_number}/requested_reviewers`],
]

// Words for people, or of OpenAPI alone. As names of properties they stay.
const dropped = new Set(['description', 'title', 'example', 'examples', 'deprecated', 'default', 'readOnly', 'externalDocs'])
const formats = new Set<Json>(['uri', 'date-time'])

const [packageFolder, target] = process.argv.slice(2)
if (packageFolder === undefined || target === undefined) {
  throw new Error('Wanted: the folder of @octokit/openapi, and the file to write.')
}
const source = JSON.parse(readFileSync(join(packageFolder, 'generated/api.github.com.json'), 'utf8')) as JsonObject
const { version } = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')) as { version: string }
const schemas = new Map<string, Json>()

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function object(value: Json | undefined): JsonObject {
  if (!isObject(value)) throw new Error('Not an object where the description should have one.')
  return value
}

/** The value itself, or what its `$ref` points at. */
function resolved(value: Json | undefined): JsonObject {
  const reference = object(value)['$ref']
  if (typeof reference !== 'string') return object(value)
  return reference.split('/').slice(1).reduce((node, key) => object(node[key]), source)
}

/** A property map: its keys are names, whatever they are. */
function properties(map: JsonObject): Json {
  return Object.fromEntries(Object.entries(map).map(([name, schema]) => [name, jsonSchema(schema)]))
}

function jsonSchema(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map((item: Json) => jsonSchema(item))
  if (!isObject(schema)) return schema
  const reference = schema['$ref']
  if (typeof reference === 'string') {
    const name = reference.replace('#/components/schemas/', '')
    if (!schemas.has(name)) {
      schemas.set(name, null)
      schemas.set(name, jsonSchema(resolved(schema)))
    }
    return { $ref: reference }
  }
  const kept = Object.entries(schema).filter(([key, value]) => {
    return !dropped.has(key) && !key.startsWith('x-') && key !== 'nullable' && (key !== 'format' || formats.has(value))
  })
  const plain = Object.fromEntries(kept.map(([key, value]) => {
    if (key === 'required' || key === 'enum') return [key, value]
    return [key, key === 'properties' ? properties(object(value)) : jsonSchema(value)]
  }))
  return schema['nullable'] === true ? orNull(plain) : plain
}

/** OpenAPI 3.0's `nullable`, in JSON Schema's own words. */
function orNull(schema: JsonObject): Json {
  const { type, enum: values } = schema
  if (typeof type !== 'string') return { anyOf: [schema, { type: 'null' }] }
  return { ...schema, type: [type, 'null'], ...(Array.isArray(values) ? { enum: [...(values as readonly Json[]), null] } : {}) }
}

/** The schema of a body; null where none is declared. */
function content(holder: JsonObject): Json {
  const types = holder['content']
  if (types === undefined) return null
  return jsonSchema(object(object(types)['application/json'])['schema'] ?? {})
}

const operations = wanted.map(([method, path]) => {
  const operation = object(object(object(source['paths'])[path])[method])
  const parameters = (operation['parameters'] ?? []) as readonly Json[]
  const responses = Object.entries(object(operation['responses']))
  return {
    method: method.toUpperCase(),
    path,
    parameters: parameters.map((each) => {
      const parameter = resolved(each)
      const severalSegments = parameter['x-multi-segment'] === true
      return { in: parameter['in'], name: parameter['name'], required: parameter['required'] === true, severalSegments,
        schema: jsonSchema(parameter['schema'] ?? {}) }
    }),
    body: operation['requestBody'] === undefined ? null : content(resolved(operation['requestBody'])),
    answers: Object.fromEntries(responses.map(([status, answer]) => [status, content(resolved(answer))])),
  }
})

const sorted = Object.fromEntries([...schemas].sort(([a], [b]) => (a < b ? -1 : 1)))
const fixture = { source: `@octokit/openapi ${version}, api.github.com`, operations, components: { schemas: sorted } }
writeFileSync(target, `${JSON.stringify(fixture)}\n`)
