// The environment of a sops that must open nothing: no credential, a home without any, and no way out to a network.
// Must never take over a variable because it looks harmless: what is not on the list is not there.

/** What a program needs to start at all. */
const needed = ['SYSTEMROOT', 'TEMP', 'TMP', 'TMPDIR', 'LANG', 'LC_ALL']

/** Nothing can listen on port 0, so that whoever uses it as a proxy is told so at once. */
const nowhere = 'http://127.0.0.1:0'

/**
 * To be given to `Sops` in place of the runner's own. `home` is an empty folder: sops and the libraries in it look for keys
 * there whatever the environment says (`~/.ssh`, `~/.config/sops`, `~/.aws`, `~/.vault-token`, `~/.gnupg`).
 */
export function keylessEnvironment(
  environment: Readonly<Record<string, string | undefined>>, home: string,
): Record<string, string> {
  const kept = needed.flatMap((name) => {
    const value = environment[name] ?? ''
    return value === '' ? [] : [[name, value]]
  })
  return {
    ...Object.fromEntries(kept) as Record<string, string>,
    HOME: home, USERPROFILE: home, APPDATA: home, LOCALAPPDATA: home, XDG_CONFIG_HOME: home,
    HTTPS_PROXY: nowhere, HTTP_PROXY: nowhere, https_proxy: nowhere, http_proxy: nowhere,
    // Machines of a cloud answer for themselves at an address that no proxy setting stops every library from asking.
    AWS_EC2_METADATA_DISABLED: 'true',
  }
}
