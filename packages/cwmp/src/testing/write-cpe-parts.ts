import type { DuResult, OperationFault, ParameterValue } from '../index.ts'
import { element, type Xml } from '../xml-writer.ts'

/** Children in the order given, each a text. */
export function texts(values: Readonly<Record<string, string | number>>): readonly Xml[] {
  return Object.entries(values).map(([name, value]) => element(name, value))
}

export function array(name: string, itemType: string, items: readonly Xml[]): Xml {
  return element(name, items, { 'soap-enc:arrayType': `${itemType}[${items.length}]` })
}

/** The Unknown Time where there is none (TR-069 3.2). */
export function time(value: string | null): string {
  return value ?? '0001-01-01T00:00:00Z'
}

/** An object of the schema whose number could not be read is nothing a faultless CPE says. */
export function known(value: number | null): number {
  if (value === null) throw new Error('a CPE without faults has a number here')
  return value
}

export function fault(name: string, { faultCode, faultString }: OperationFault): Xml {
  return element(name, texts({ FaultCode: faultCode, FaultString: faultString }))
}

export function parameterList(parameters: readonly ParameterValue[]): Xml {
  const structs = parameters.map(({ name, value, type }) =>
    element('ParameterValueStruct', [
      element('Name', name),
      element(
        'Value',
        value,
        type === null ? {} : { 'xsi:type': type === 'base64' ? 'soap-enc:base64' : `xsd:${type}` },
      ),
    ]),
  )
  return array('ParameterList', 'cwmp:ParameterValueStruct', structs)
}

export function duResult(result: DuResult): readonly Xml[] {
  return [
    ...texts({
      UUID: result.uuid,
      DeploymentUnitRef: result.deploymentUnitRef,
      Version: result.version,
      CurrentState: result.currentState,
      Resolved: String(result.resolved),
      ExecutionUnitRefList: result.executionUnitRefs.join(','),
      StartTime: time(result.startTime),
      CompleteTime: time(result.completeTime),
    }),
    fault('Fault', result),
  ]
}
