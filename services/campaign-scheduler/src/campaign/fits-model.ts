import type { ModelFit } from '@sluice/contracts'

export interface Model {
  readonly oui: string
  readonly productClass: string
  readonly hardwareVersion: string | null
}

/** An image that names hardware versions fits no device whose hardware version is not known. */
export function fitsModel(fits: readonly ModelFit[], model: Model): boolean {
  return fits.some(
    (fit) =>
      fit.oui === model.oui &&
      fit.productClass === model.productClass &&
      (fit.hardwareVersions === undefined ||
        (model.hardwareVersion !== null && fit.hardwareVersions.includes(model.hardwareVersion))),
  )
}
