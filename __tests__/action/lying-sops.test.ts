// A sops that says it did something and did not, or did something else: each proof is needed once.
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { runAction } from '../support/action.ts'
import { Company } from '../support/company.ts'
import { sopsBinary } from '../support/sops-binary.ts'

/** A sops that for one command does `instead`, where $FILE is the last argument and $REAL the real sops. */
function liar(company: Company, command: string, instead: string): string {
  const path = join(company.path, 'sops')
  writeFileSync(path, `#!/bin/sh
REAL='${sopsBinary()}'
for FILE; do :; done
for ARGUMENT; do
  if [ "$ARGUMENT" = ${command} ] && [ "$FILE" != --disable-version-check ]; then
    ${instead}
  fi
done
exec "$REAL" "$@"
`, { mode: 0o755 })
  return path
}

const mallory = 'age1lzd99uklcjnc0e7d860axevet2cz99ce9pq6tzuzd05l5nr28ams36nvun'

test.each([
  ['does not rotate', 'rotate', 'exit 0', /it still has the old data key/],
  ['does not update the recipients', 'updatekeys', 'case "$*" in *--yes*) exit 0;; esac', /it can be read with age:age1\w+, which was not planned/],
  ['loses a recipient', 'rotate', 'exec "$REAL" rotate -i --rm-age "$ALICE" "$FILE"', /it can not be read with age:age1\w+, which was planned/],
  ['adds a recipient', 'rotate', `exec "$REAL" rotate -i --add-age ${mallory} "$FILE"`, /it can be read with age:age1\w+, which was not planned/],
  ['writes nothing', 'rotate', ': > "$FILE"; exit 0', /apps\/web\/secrets\.yaml/],
  ['writes plaintext', 'rotate', '"$REAL" decrypt -i "$FILE"; exit 0', /apps\/web\/secrets\.yaml/],
  ['changes a value', 'rotate', '"$REAL" rotate -i "$FILE" && exec "$REAL" set "$FILE" \'["port"]\' 1', /its decrypted content is not what it was/],
])('a sops that %s is found out, and nothing is published', async (_, command, instead, sentence) => {
  using company = new Company()
  const run = await runAction(company, {
    'removed-recipient': 'bob', files: 'apps/web/secrets.yaml', 'sops-path': liar(company, command, instead.replace('$ALICE', company.alice.recipient)),
  })
  expect(run.exitCode).toBe(1)
  expect(run.log).toMatch(sentence)
  expect(run.log.match(/^::error/gm)).toHaveLength(1)
  expect(run.log + run.summary + JSON.stringify(run.report)).not.toContain('hunter2')
  expect(company.git('status', '--porcelain')).toBe('')
  expect(readdirSync(run.temporary).sort()).toEqual(['sops-rekey-access-map.html', 'sops-rekey-report.json'])
})

test('without an encrypted value to compare, the old data key is tried on the new file', async () => {
  using company = new Company()
  company.encrypt('apps/web/empty.yaml', 'later: ""\n')
  company.commit()
  const inputs = { 'removed-recipient': 'bob', files: 'apps/web/empty.yaml' }
  const run = await runAction(company, { ...inputs, 'sops-path': liar(company, 'rotate', 'exit 0') })
  expect(run.log).toMatch(/apps\/web\/empty\.yaml: it still has the old data key/)
  expect(company.git('status', '--porcelain')).toBe('')

  const honest = await runAction(company, inputs)
  expect(honest.exitCode === 0 ? '' : honest.log).toBe('')
  expect(honest.report?.files.find(({ path }) => path === 'apps/web/empty.yaml')).toMatchObject({ dataKey: 'new', verified: true, values: 0 })
})
