import { readCertificate, type Certificate } from '../cms/certificate.ts'

/** One X.509 certificate in PEM and nothing beside it. Null: that is not it. */
export function readCertificateText(text: string): Certificate | null {
  const base64 = /^-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----$/.exec(text)?.[1]
  return base64 === undefined ? null : readCertificate(Buffer.from(base64, 'base64'))
}
