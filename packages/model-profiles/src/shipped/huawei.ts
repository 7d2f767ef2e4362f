import { departs } from './departs.ts'

/** OUIs under which its gateways inform. */
const OUIS = ['00E0FC', '00259E', '202BC1']

export const huawei = OUIS.map((oui) =>
  departs(
    `huawei-${oui.toLowerCase()}`,
    { oui, root: 'InternetGatewayDevice.' },
    {
      // Quirk 38: replies without a declaration are not read by some of its models.
      xmlDeclaration: true,
    },
  ),
)
