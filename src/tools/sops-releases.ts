// Which sops is good enough, and the SHA-256 of the official releases we would fetch.
// Must import nothing that has to be installed: the development script reads this table before any install.

/** The release that is fetched unless another one is asked for. */
export const pinnedVersion = '3.13.3'

/** Where the project publishes its releases; below it `v<version>/<asset>`. */
export const releasesAddress = 'https://github.com/getsops/sops/releases/download'

export interface ReleaseAsset {
  readonly asset: string
  readonly sha256: string
}

/** version → `<platform>-<arch>` as Node names them → the binary and its checksum. */
export type ReleaseTable = Readonly<Record<string, Readonly<Record<string, ReleaseAsset>>>>

/**
 * Each checksum was read in two manifests kept by different people, and they agree:
 * all six in agentself/agentself, agentself/internal/host_tools.py;
 * Linux and macOS in mistakenot/auto-stack, init/bootstrap.sh;
 * Windows in microsoft/winget-pkgs, manifests/s/SecretsOPerationS/SOPS/3.13.3/SecretsOPerationS.SOPS.installer.yaml.
 * A checksum with one source only does not belong here.
 */
export const officialReleases: ReleaseTable = {
  '3.13.3': {
    'linux-x64': {
      asset: 'sops-v3.13.3.linux.amd64',
      sha256: 'e5bec3346a873ae91d871550f3e698c1aad962aff462a080e40f25fde17fef6b',
    },
    'linux-arm64': {
      asset: 'sops-v3.13.3.linux.arm64',
      sha256: '53b0abacd38ef1b12a66d6c100956691b9cefce018d91f81e73ddf7438b94d77',
    },
    'darwin-x64': {
      asset: 'sops-v3.13.3.darwin.amd64',
      sha256: '42162d5cef10b74fcf80a045a70e658d7ce6e63d6ea1be6f347e44015714468d',
    },
    'darwin-arm64': {
      asset: 'sops-v3.13.3.darwin.arm64',
      sha256: 'b97c0d434aab577dc40310e8d22ff9e45eef4c80638ab978daae9b4681c59286',
    },
    'win32-x64': {
      asset: 'sops-v3.13.3.amd64.exe',
      sha256: 'a4a9a398858fe8b2ef72d9686d930bf7c5cece9be74ad83ac3b53cfdd70e6b1c',
    },
    'win32-arm64': {
      asset: 'sops-v3.13.3.arm64.exe',
      sha256: '7f936a0d08edbeba3eb8f50bad1fe71eba83a140a80dfd17051f3bdb4facb08a',
    },
  },
}

/** The version in what `sops --version` prints, like `sops 3.11.0 (latest)`; null where that is not sops speaking. */
export function versionIn(output: string): string | null {
  return /^sops v?(\d+\.\d+\.\d+)(?![\d.])/.exec(output)?.[1] ?? null
}

/** Why a version is not good enough, as the end of a sentence; null where it is. `version` as `versionIn` answers it. */
export function versionRefusal(version: string): string | null {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number)
  const old = major !== 3 ? major < 3 : minor !== 10 ? minor < 10 : patch < 2
  if (old) return 'older than 3.10.2'
  // 3.13.2 computes a wrong MAC for lists with comments (sops' changelog), so its files would not open elsewhere.
  if (version === '3.13.2') return 'the one release that writes files others cannot open'
  return null
}
