export { defaultProfiles, deviceProfile, internetGatewayDeviceProfile } from './default-profiles.ts'
export { checkValue, type CheckVerdict } from './check-value.ts'
export { ModelCheck, ModelMatch, ModelProfile } from './model-profile.ts'
export { fits, profileFor, type KnownModel } from './profile-for.ts'
