import { describe, expect, test } from '@jest/globals'
import { gitEnvironment, sopsEnvironment } from '../../src/tools/environment.ts'

function given(...names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, `value of ${name}`]))
}

describe('what sops gets of the job\'s environment', () => {
  test.each<[string, readonly string[]]>([
    ['the way to the network', ['HTTPS_PROXY', 'https_proxy', 'NO_PROXY', 'SSL_CERT_FILE', 'SSL_CERT_DIR']],
    ['AWS: a role by the job\'s identity', ['AWS_ROLE_ARN', 'AWS_WEB_IDENTITY_TOKEN_FILE', 'AWS_REGION']],
    ['Google: a token, a file of credentials, how to ask', [
      'GOOGLE_OAUTH_ACCESS_TOKEN', 'GOOGLE_CREDENTIALS', 'GOOGLE_APPLICATION_CREDENTIALS', 'SOPS_GCP_KMS_CLIENT_TYPE',
    ]],
    ['Azure: a secret, a certificate, the job\'s identity', [
      'AZURE_TENANT_ID', 'AZURE_CLIENT_ID', 'AZURE_CLIENT_SECRET', 'AZURE_CLIENT_CERTIFICATE_PATH',
      'AZURE_CLIENT_SEND_CERTIFICATE_CHAIN', 'AZURE_ADDITIONALLY_ALLOWED_TENANTS',
      'AZURE_FEDERATED_TOKEN_FILE', 'AZURE_TOKEN_CREDENTIALS', 'AZURE_CONFIG_DIR',
    ]],
    ['HuaweiCloud: a permanent key', [
      'HUAWEICLOUD_SDK_AK', 'HUAWEICLOUD_SDK_SK', 'HUAWEICLOUD_SDK_PROJECT_ID', 'HUAWEICLOUD_SDK_CREDENTIALS_FILE',
    ]],
    ['HuaweiCloud: keys that expire, and the job\'s identity', [
      'HUAWEICLOUD_SDK_SECURITY_TOKEN', 'HUAWEICLOUD_SDK_IDP_ID', 'HUAWEICLOUD_SDK_ID_TOKEN_FILE',
    ]],
  ])('%s', (_, names) => {
    expect(sopsEnvironment(given(...names), '/checkout')).toMatchObject(given(...names))
  })

  test.each<[string, readonly string[]]>([
    ['would run a program', [
      'SOPS_AGE_KEY_CMD', 'SOPS_GPG_EXEC', 'GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES', 'GOOGLE_API_CERTIFICATE_CONFIG',
    ]],
    ['would lead to another service', [
      'SOPS_KEYSERVICE', 'HUAWEICLOUD_SDK_REGIONS_FILE', 'HUAWEICLOUD_SDK_REGION_KMS_TR_WEST_1', 'HUAWEICLOUD_SDK_IAM_ENDPOINT',
    ]],
    ['would be another configuration', ['SOPS_CONFIG', 'SOPS_DECRYPTION_ORDER']],
    ['is none of its business', ['GITHUB_TOKEN', 'ACTIONS_ID_TOKEN_REQUEST_TOKEN', 'INPUT_TOKEN']],
  ])('nothing that %s', (_, names) => {
    const passed = Object.keys(sopsEnvironment(given(...names), '/checkout'))
    expect(names.filter((name) => passed.includes(name))).toEqual([])
  })
})

test('git gets what curl knows of the way to the network, and sops does not', () => {
  const names = ['ALL_PROXY', 'all_proxy', 'GIT_SSL_CAINFO', 'GIT_SSL_CAPATH']
  expect(gitEnvironment(given('HTTPS_PROXY', ...names, 'GIT_SSL_NO_VERIFY'), '/checkout', [])).toMatchObject(given('HTTPS_PROXY', ...names))
  const passed = [gitEnvironment(given('GIT_SSL_NO_VERIFY'), '/checkout', []), sopsEnvironment(given(...names), '/checkout')].flatMap((one) => Object.keys(one))
  expect([...names, 'GIT_SSL_NO_VERIFY'].filter((name) => passed.includes(name))).toEqual([])
})
