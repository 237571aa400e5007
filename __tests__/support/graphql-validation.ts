// Holds GraphQL requests and answers against GitHub's published schema (fixtures/github.graphql).
// Must never let pass what the schema does not know: a field, an argument, a variable, a type of a value.
import { readFileSync } from 'node:fs'
import { Kind, OperationTypeNode, buildSchema, getVariableValues, graphqlSync, parse, validate } from 'graphql'
import type { OperationDefinitionNode } from 'graphql'
import type { ApiRequest, RequestValidator } from './github-server.ts'

export const graphqlPath = '/api/graphql'

interface Sent {
  readonly query: string
  readonly variables?: Readonly<Record<string, unknown>>
}

/** A validator for requests to `graphqlPath`; of an answer with errors only what every GraphQL has is known. */
export function graphqlValidator(): RequestValidator {
  const schema = buildSchema(readFileSync(new URL('fixtures/github.graphql', import.meta.url), 'utf8'))

  const operationOf = (query: string): OperationDefinitionNode | undefined =>
    parse(query).definitions.find((one) => one.kind === Kind.OPERATION_DEFINITION)

  return {
    request({ method, body }: ApiRequest): readonly string[] {
      const { query, variables = {} } = (body ?? {}) as Partial<Sent>
      if (method !== 'POST' || typeof query !== 'string') return ['is no GraphQL request']
      try {
        const found = validate(schema, parse(query)).map(({ message }) => message)
        const operation = operationOf(query)
        const { errors = [] } = getVariableValues(schema, operation?.variableDefinitions ?? [], variables)
        return [...found, ...errors.map(({ message }) => message)]
      } catch (error) {
        return [String(error)]
      }
    },

    answer(request: ApiRequest, status: number, body: unknown): readonly string[] {
      if (status >= 400) return []
      const { data, errors } = (body ?? {}) as { readonly data?: unknown; readonly errors?: readonly { readonly message?: unknown }[] }
      if (errors !== undefined) return errors.length > 0 && errors.every(({ message }) => typeof message === 'string') ? [] : ['has errors without words']
      const { query, variables } = request.body as Sent
      const operation = operationOf(query)
      const root = operation?.operation === OperationTypeNode.MUTATION ? schema.getMutationType() : schema.getQueryType()
      // Executed over the answer itself: what is missing, or of another type, is an error, and what was not asked for does not come back.
      const again = graphqlSync({ schema, source: query, rootValue: data, variableValues: variables ?? null })
      const wrong = (again.errors ?? []).map(({ message }) => message)
      const same = JSON.stringify(again.data) === JSON.stringify(data)
      return wrong.length > 0 || same ? wrong : [`does not have the fields of ${root?.name ?? 'a root'} that were asked for`]
    },
  }
}
