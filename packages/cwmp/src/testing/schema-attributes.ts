import { childOf, type XmlElement } from '../xml-element.ts'

/** Attributes the type requires, or fixes to a value, and the size an array announces. */
export function attributeDepartures(actual: XmlElement, type: XmlElement): readonly string[] {
  const content = childOf(type, 'complexContent') ?? childOf(type, 'simpleContent')
  const holder = childOf(content, 'extension') ?? childOf(content, 'restriction') ?? type
  const declared = holder.children.filter((child) => child.name === 'attribute')
  return declared.flatMap((attribute) => {
    const name = (attribute.attributes.get('ref') ?? '')
      .replace(/^soapenv:/, 'soap-env:')
      .replace(/^soapenc:/, 'soap-enc:')
    const value = actual.attributes.get(name)
    if (value === undefined) return attribute.attributes.get('use') === 'required' ? [`${actual.name}: no ${name}`] : []
    const fixed = attribute.attributes.get('fixed') ?? value
    const announced = name.endsWith('arrayType') ? (/\[([0-9]+)\]$/.exec(value)?.[1] ?? 'none') : null
    return [
      ...(fixed === value ? [] : [`${actual.name}: ${name} is ${value}`]),
      ...(announced === null || announced === String(actual.children.length)
        ? []
        : [`${actual.name}: announces ${announced} of ${actual.children.length}`]),
    ]
  })
}
