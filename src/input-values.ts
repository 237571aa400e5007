// One input as the value that it stands for: a text, lines, a list, a yes or no, recipients.
// Must never take what is written for something else: what is no such value is refused with a right example.
import { getInput } from '@actions/core'
import { Failure } from './model/failure.ts'
import { visible } from './model/safe-text.ts'

export function wrong(name: string, value: string, advice: string): Failure {
  return new Failure('input', `The input \`${name}\` is ${value === '' ? 'empty' : `"${visible(value, 80)}"`}.`, { advice })
}

export function text(name: string): string | null {
  const value = getInput(name)
  return value === '' ? null : value
}

export function lines(name: string): string[] {
  return getInput(name).split('\n').map((line) => line.trim()).filter((line) => line !== '')
}

/** One a line or separated by commas. */
export function list(name: string): string[] {
  return lines(name).flatMap((line) => line.split(',')).map((item) => item.trim()).filter((item) => item !== '')
}

export function flag(name: string, standard: boolean): boolean {
  const value = getInput(name)
  if (value === '') return standard
  if (/^(?:true|True|TRUE)$/.test(value)) return true
  if (/^(?:false|False|FALSE)$/.test(value)) return false
  throw wrong(name, value, `Write \`${name}: true\` or \`${name}: false\`.`)
}

/** A recipient may itself hold a comma (a KMS encryption context), so only lines split where one is spelled out. */
export function recipients(name: string, example: string): string[] {
  const found = lines(name).flatMap((line) => (/^(?:[^,|=]+=)?(?:arn:|ssh-)/.test(line) && line.includes('|') ? [line] : line.match(/\s*"[^"]*"\s*(?=,|$)|[^,]+/g) ?? []))
    .map((item) => item.trim().replace(/^"(.*)"$/, '$1').trim()).filter((item) => item !== '')
  // Nobody would mean another job: to bring files in line with their configs.
  const given = getInput(name, { trimWhitespace: false })
  if (found.length === 0 && given !== '') throw wrong(name, given, `Write ${example}.`)
  return found
}
