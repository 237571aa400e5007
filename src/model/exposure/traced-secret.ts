// A secret that somebody could read, as far as it is traced: told, or a question that only a decryption answers.
// Pure. Must never let a question pass for what is told.
import type { Answer, Question } from './exposure-answer.ts'
import type { ExposedSecret } from '../report.ts'

/** A secret that is, without a key, as it is reported; or a question about one. Most are the former: they are not wrapped. */
export type TracedSecret = ExposedSecret | AskedSecret

/** Only a decryption tells what has become of it. */
export interface AskedSecret {
  readonly file: string
  /** As far as it can be told without a key; null where only a decryption shows that there is something to tell. */
  readonly untold: ExposedSecret | null
  readonly question: Question
  /** The same secret, once `question` is answered. */
  readonly answered: (told: Answer) => ExposedSecret
}

export function isAsked(traced: TracedSecret): traced is AskedSecret {
  return 'question' in traced
}
