import type { ModelMatch, ModelProfile } from '../model-profile.ts'
import { deviceProfile, internetGatewayDeviceProfile } from './data-models.ts'

/** A profile that differs from the one of its data model in what is named here. */
export function departs(
  name: string,
  match: ModelMatch & Pick<Required<ModelMatch>, 'root'>,
  deviations: Partial<Omit<ModelProfile, 'name' | 'match'>>,
): ModelProfile {
  const base = match.root === 'Device.' ? deviceProfile : internetGatewayDeviceProfile
  return { ...base, ...deviations, name, match }
}

export const ROOTS = ['Device.', 'InternetGatewayDevice.'] as const

/** How the root is written in a profile's name. */
export function suffixOf(root: (typeof ROOTS)[number]): string {
  return root === 'Device.' ? 'tr181' : 'tr098'
}
