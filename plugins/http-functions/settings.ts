// The values of the `config` block, with the defaults filled in.
import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { MAX_RESPONSE_BYTES, type HttpFunctionsConfig } from './config.ts'
import { MAX_IN_FLIGHT_PER_HOST } from './exchange/host-room.ts'
import { readCircuitRule, type CircuitRule } from './target/circuit-rule.ts'
import { namesHost, parseHostPattern } from './target/host-pattern.ts'
import type { UrlSecurityOptions } from './target/url-security.ts'

export interface HttpFunctionsSettings {
  readonly security: UrlSecurityOptions
  readonly allowSessionAuth: boolean
  /** Sessions may register functions: the operator has said to which hosts. */
  readonly namesHosts: boolean
  /** undefined = any. */
  readonly authEnvAllowList: readonly string[] | undefined
  readonly maxResponseBytes: number
  readonly maxInFlightPerHost: number
  readonly circuit: CircuitRule | undefined
  /** PEM texts. */
  readonly ca: readonly string[]
}

/** Throws an error that names the member. The block has passed the schema. */
export async function readSettings(config: HttpFunctionsConfig, projectRoot: string): Promise<HttpFunctionsSettings> {
  const { security, circuit_breaker: circuit, ca_file: caFile } = config
  const patterns = security?.url_allowlist ?? []
  return {
    security: {
      allowList: patterns.map(parseHostPattern),
      blockPrivateIps: security?.block_private_ips ?? true,
      requireHttps: security?.require_https ?? true,
    },
    allowSessionAuth: security?.allow_session_auth ?? false,
    namesHosts: patterns.length > 0 && patterns.every(namesHost),
    authEnvAllowList: security?.auth_env_allowlist ?? undefined,
    maxResponseBytes: config.max_response_bytes ?? MAX_RESPONSE_BYTES,
    maxInFlightPerHost: config.max_in_flight_per_host ?? MAX_IN_FLIGHT_PER_HOST,
    circuit: circuit == null ? undefined : readCircuitRule(circuit),
    ca: caFile == null ? [] : [await readCertificates(path.resolve(projectRoot, caFile))],
  }
}

async function readCertificates(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new Error(`ca_file: ${file} can't be read: ${(cause as Error).message}`, { cause })
  })
  const certificates = text.match(CERTIFICATE) ?? []
  if (certificates.length === 0)
    throw new Error(`ca_file: ${file} holds no certificate; it has to begin with -----BEGIN CERTIFICATE-----`)
  for (const [at, certificate] of certificates.entries()) {
    try {
      void new X509Certificate(certificate)
    } catch (cause) {
      throw new Error(`ca_file: certificate ${at + 1} of ${file} can't be read: ${(cause as Error).message}`, { cause })
    }
  }
  return text
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g
