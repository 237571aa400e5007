// Holds requests and answers against GitHub's published OpenAPI description (fixtures/github-openapi.json).
// Must never let pass what the description does not know: an operation, a parameter, a property sent, a status.
import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import type { ErrorObject, ValidateFunction } from 'ajv'
import formats from 'ajv-formats'
import type { ApiRequest, RequestValidator } from './github-server.ts'
import { graphqlPath, graphqlValidator } from './graphql-validation.ts'

interface Parameter {
  readonly in: 'path' | 'query'
  readonly name: string
  readonly required: boolean
  readonly severalSegments: boolean
}

interface Operation {
  readonly method: string
  readonly path: string
  readonly parameters: readonly Parameter[]
  readonly body: Schema | null
  readonly answers: Readonly<Record<string, Schema | null>>
}

interface Schema {
  readonly properties?: Readonly<Record<string, unknown>>
  readonly oneOf?: readonly Schema[]
}

/** Refusals any operation may answer, whether the description lists them for it or not. */
const anywhere = [401, 403, 404, 429]

function pathPattern(operation: Operation): RegExp {
  const parts = operation.path.split('/').map((part) => {
    if (!part.startsWith('{')) return part
    const parameter = operation.parameters.find(({ name }) => `{${name}}` === part)
    return parameter?.severalSegments === true ? '(.+)' : '([^/]+)'
  })
  return new RegExp(`^${parts.join('/')}$`)
}

function propertiesOf(schema: Schema): readonly string[] {
  return [schema, ...(schema.oneOf ?? [])].flatMap((each) => Object.keys(each.properties ?? {}))
}

function complaints(errors: readonly ErrorObject[] | null | undefined): readonly string[] {
  return (errors ?? []).map(({ instancePath, message = 'does not fit', params }) => {
    return `${instancePath === '' ? '(whole)' : instancePath} ${message} ${JSON.stringify(params)}`
  })
}

let made: RequestValidator | null = null

/** The validator over both fixtures, this one's and that of GraphQL; compiles a schema when it first meets it. */
export function openapiValidator(): RequestValidator {
  return made ??= makeValidator()
}

function makeValidator(): RequestValidator {
  const text = readFileSync(new URL('fixtures/github-openapi.json', import.meta.url), 'utf8')
  const description = JSON.parse(text) as { readonly operations: readonly Operation[] }
  const patterns = description.operations.map(pathPattern)
  const schemas = (coerceTypes: boolean): Ajv => {
    const ajv = new Ajv({ allErrors: true, allowUnionTypes: true, coerceTypes, strict: false })
    formats.default(ajv)
    ajv.addSchema(description, 'github')
    return ajv
  }
  const [bodies, texts] = [schemas(false), schemas(true)]
  const at = (ajv: Ajv, pointer: string): ValidateFunction => {
    const found = ajv.getSchema(`github#/${pointer}`)
    if (found === undefined) throw new Error(`The fixture has nothing at ${pointer}.`)
    return found
  }
  const check = (ajv: Ajv, pointer: string, value: unknown): readonly string[] => {
    const validate = at(ajv, pointer)
    return validate(value) ? [] : complaints(validate.errors)
  }
  const parameters = new Map<string, ValidateFunction>()
  const parameterAt = (operation: number, place: number): ValidateFunction => {
    const $ref = `github#/operations/${operation}/parameters/${place}/schema`
    // Wrapped, because ajv can coerce only what has a parent to write to.
    const found = parameters.get($ref) ?? texts.compile({ type: 'object', properties: { value: { $ref } } })
    parameters.set($ref, found)
    return found
  }
  const indexOf = ({ method, path }: ApiRequest): number =>
    description.operations.findIndex((operation, index) => operation.method === method && patterns[index]?.test(path) === true)

  const graphql = graphqlValidator()
  return {
    request(request): readonly string[] {
      if (request.path === graphqlPath) return graphql.request(request)
      const index = indexOf(request)
      const operation = description.operations[index]
      if (operation === undefined) return ['is no operation of the fixture']
      const values = patterns[index]?.exec(request.path)?.slice(1) ?? []
      const inPath = operation.parameters.filter((parameter) => parameter.in === 'path')
      const given = new Map(Object.entries(request.query))
      // In the order of the template, which is not always that of the list.
      const names = [...operation.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '')
      for (const [place, name] of names.entries()) given.set(name, decodeURIComponent(values[place] ?? ''))
      const unknown = [...given.keys()].filter((name) => !operation.parameters.some((parameter) => parameter.name === name))
      const wrong = operation.parameters.flatMap((parameter, place) => {
        const value = given.get(parameter.name)
        if (value === undefined) return parameter.required ? [`lacks ${parameter.name}`] : []
        const validate = parameterAt(index, place)
        return validate({ value }) ? [] : complaints(validate.errors).map((complaint) => `${parameter.name}: ${complaint}`)
      })
      const found = [...unknown.map((name) => `has no parameter ${name}`), ...wrong]
      if (inPath.length !== names.length) found.push('has another path than its parameters say')
      if (operation.body === null) return request.body === null ? found : [...found, 'takes no body']
      if (typeof request.body === 'object' && request.body !== null && !Array.isArray(request.body)) {
        const known = propertiesOf(operation.body)
        const strange = Object.keys(request.body).filter((key) => !known.includes(key))
        found.push(...strange.map((key) => `has no property ${key} in its body`))
      }
      return [...found, ...check(bodies, `operations/${index}/body`, request.body)]
    },

    answer(request, status, body): readonly string[] {
      if (request.path === graphqlPath) return graphql.answer(request, status, body)
      const index = indexOf(request)
      const declared = description.operations[index]?.answers[status]
      if (status >= 500) return []
      if (declared === undefined) {
        return anywhere.includes(status) ? check(bodies, 'components/schemas/basic-error', body) : [`may not answer ${status}`]
      }
      if (declared !== null) return check(bodies, `operations/${index}/answers/${status}`, body)
      // The description leaves the body of some refusals out; GitHub sends its usual one.
      if (status >= 400) return check(bodies, 'components/schemas/basic-error', body)
      return body === null ? [] : [`answers ${status} without a body`]
    },
  }
}
