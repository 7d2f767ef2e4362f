export interface Reboot {
  readonly kind: 'reboot'
  readonly commandKey: string
}

export interface RebootResponse {
  readonly kind: 'reboot_response'
}
