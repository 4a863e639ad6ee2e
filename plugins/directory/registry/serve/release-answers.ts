// How a version is installed, as a registry tells it over HTTP (spec 05 A.7.1): archives of its folder get an address of its own.
import { RegistryError, type Release } from '../../../../kit/registry/worker-registry.ts'

/** The address of an archive that the registry has itself. */
export type ArchiveAddress = (name: string, version: string, target?: string) => string

export function downloadAnswer(release: Release, address: ArchiveAddress): Readonly<Record<string, unknown>> {
  const { name, version, dependencies, config } = release
  return { name, version, dependencies, config, ...artifactMembers(release, address) }
}

export function resolveAnswer(
  root: string,
  releases: readonly Release[],
  address: ArchiveAddress,
): Readonly<Record<string, unknown>> {
  const edges = releases.flatMap(({ name: from, dependencies }) =>
    Object.entries(dependencies).map(([to, range]) => ({ from, to, range })),
  )
  const named = new Set(releases.map(({ name }) => name))
  // What the engine has goes by several names; others know it by the one that they used.
  const otherNames = [...new Set(edges.map(({ to }) => to))].filter((name) => !named.has(name))
  const graph = releases.map((release) => ({
    name: release.name,
    version: release.version,
    repo: null,
    config: release.config,
    dependencies: release.dependencies,
    ...artifactMembers(release, address),
  }))
  const engine = otherNames.map((name) => ({ name, version: '0.0.0', type: 'engine', repo: null, dependencies: {} }))
  const version = releases.at(-1)?.version
  return { root: { name: root, version }, graph: [...engine, ...graph], edges }
}

function artifactMembers(
  { name, version, artifact }: Release,
  address: ArchiveAddress,
): Readonly<Record<string, unknown>> {
  switch (artifact.kind) {
    case 'engine':
      return { type: 'engine' }
    case 'image':
      return { type: 'image', image: artifact.image, image_url: artifact.image }
    case 'bundle': {
      const url = artifact.url.startsWith('file:') ? address(name, version) : artifact.url
      return { type: 'bundle', archive_url: url, sha256: artifact.sha256 }
    }
    case 'binary': {
      const binaries = Object.entries(artifact.targets).map(([target, { url, sha256 }]) => [
        target,
        { url: url.startsWith('file:') ? address(name, version, target) : url, sha256 },
      ])
      return { type: 'binary', binaries: Object.fromEntries(binaries) }
    }
    case 'local':
      throw new RegistryError(
        'not-found',
        `worker "${name}" is a folder on the machine of the registry, and can't be had from elsewhere. Publish it as a bundle.`,
      )
  }
}
