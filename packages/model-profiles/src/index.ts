export { defaultProfiles, deviceProfile, internetGatewayDeviceProfile } from './default-profiles.ts'
export { ModelMatch, ModelProfile } from './model-profile.ts'
export { fits, profileFor, type KnownModel } from './profile-for.ts'
