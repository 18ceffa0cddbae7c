// Which field a refusal is about: `field: what is wrong with it`, as all refusals of values are written.
const FIELD = /^([a-z]\w*(?:\.\w+)*): /

export function fieldOf(message: string): string | undefined {
  return FIELD.exec(message)?.[1]
}
