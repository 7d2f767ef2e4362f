import type { ModelProfile } from './model-profile.ts'
import { baicells } from './shipped/baicells.ts'
import { cwmpSim } from './shipped/cwmp-sim.ts'
import { deviceProfile, internetGatewayDeviceProfile } from './shipped/data-models.ts'
import { draytek } from './shipped/draytek.ts'
import { easycwmp } from './shipped/easycwmp.ts'
import { genieacsSim } from './shipped/genieacs-sim.ts'
import { honeyclient } from './shipped/honeyclient.ts'
import { huawei } from './shipped/huawei.ts'
import { jiuzhou } from './shipped/jiuzhou.ts'
import { netcwmp } from './shipped/netcwmp.ts'
import { prplos } from './shipped/prplos.ts'
import { sagemcom } from './shipped/sagemcom.ts'
import { thomson } from './shipped/thomson.ts'
import { tr069agent } from './shipped/tr069agent.ts'

export { deviceProfile, internetGatewayDeviceProfile }

/** What is shipped: the two data models, then clients, then vendors. An operator's own come after them. */
export const defaultProfiles: readonly ModelProfile[] = [
  deviceProfile,
  internetGatewayDeviceProfile,
  ...easycwmp,
  prplos,
  netcwmp,
  ...tr069agent,
  ...cwmpSim,
  genieacsSim,
  honeyclient,
  ...huawei,
  ...baicells,
  ...sagemcom,
  ...draytek,
  thomson,
  jiuzhou,
]
