// Text with `{variables}`, as inputs may have it: which ones stand in it, and what it says once they are filled in.
// Must never know what a value is for: who fills in makes each harmless for its place.

/** `{name}` is a variable, `{{name}}` the text `{name}`; any other brace is just a brace. */
const places = /\{\{([a-z]+)\}\}|\{([a-z]+)\}/g

/** What may stand in each input that is a template. A base and a branch only get what is the same for every run of a request. */
export const templateVariables = {
  base: ['default'],
  branch: ['removed', 'added', 'base'],
  title: ['removed', 'added', 'files', 'date', 'base', 'repository'],
  'commit-message': ['removed', 'added', 'files', 'date', 'base', 'repository', 'run'],
  'body-header': ['removed', 'added', 'files', 'date', 'base', 'repository', 'run'],
} as const

export type TemplateInput = keyof typeof templateVariables
export type TemplateValues<Input extends TemplateInput> = Readonly<Record<(typeof templateVariables)[Input][number], string>>

/** The variables in the text, each once, whether there are such or not. */
export function variablesIn(text: string): readonly string[] {
  return [...new Set([...text.matchAll(places)].flatMap(([, , name]) => name ?? []))]
}

/** Throws a RangeError for a variable without a value. A value is never read as a template itself. */
export function fillTemplate(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(places, (_, literal: string | undefined, name: string) => {
    if (literal !== undefined) return `{${literal}}`
    const value = Object.hasOwn(values, name) ? values[name] : undefined
    if (value === undefined) throw new RangeError(`There is no value for {${name}}.`)
    return value
  })
}
