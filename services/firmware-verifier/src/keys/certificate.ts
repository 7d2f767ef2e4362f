import { X509Certificate } from 'node:crypto'
import type { Validity } from '../store/trust-keys.ts'

/** The certificate as which a key was given; null: it is a bare key. */
export function certificateIn(text: string): X509Certificate | null {
  return text.includes('-----BEGIN CERTIFICATE-----') ? new X509Certificate(text) : null
}

/** What was asked for, as far as the certificate allows it. Both of its ends are included (RFC 5280 4.1.2.5). */
export function withinCertificate({ validFrom, validUntil }: Validity, text: string): Validity {
  const certificate = certificateIn(text)
  if (certificate === null) return { validFrom, validUntil }
  const [begins, ends] = [certificate.validFromDate.getTime(), certificate.validToDate.getTime() + 1_000]
  return { validFrom: Math.max(validFrom ?? begins, begins), validUntil: Math.min(validUntil ?? ends, ends) }
}
