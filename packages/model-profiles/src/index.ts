export { defaultProfiles, deviceProfile, internetGatewayDeviceProfile } from './default-profiles.ts'
export { ModelMatch, ModelProfile } from './model-profile.ts'
export { profileFor, type KnownModel } from './profile-for.ts'
