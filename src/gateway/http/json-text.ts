// Answers as text. What a task carries is JSON already and goes out byte for byte: numbers keep their digits, and nothing
// that JSON.parse takes and JSON.stringify does not (a million brackets) can end an answer.
import { JsonText } from '../../client/json.js'

export { JsonText }

/** As JSON.stringify, with the texts that are JSON already as they are. */
export function jsonOf(value: unknown): string {
  if (value instanceof JsonText) return value.text
  if (Array.isArray(value)) return `[${value.map(jsonOf).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null)
  const fields = Object.entries(value).filter(([, part]) => part !== undefined)
  return `{${fields.map(([name, part]) => `${JSON.stringify(name)}:${jsonOf(part)}`).join(',')}}`
}
