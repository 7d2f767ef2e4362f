export { defaultProfiles, deviceProfile, internetGatewayDeviceProfile } from './default-profiles.ts'
export { ModelMatch, ModelProfile } from './model-profile.ts'
export { compareVersions } from './compare-versions.ts'
export { fits, profileFor, type KnownModel } from './profile-for.ts'
