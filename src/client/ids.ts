// Ids of new tasks: UUIDv7, so that those of one time lie side by side in the store. Chance is drawn in blocks, for drawing
// it costs ten times what an id does.
import { randomFillSync } from 'node:crypto'
import { v7 } from 'uuid'

const ID_BYTES = 16
/** `v7` takes its chance from here to the end, where it is told the sequence. */
const CHANCE_AT = 10
const SEQUENCE_BYTES = 4
const CHANCE_BYTES = SEQUENCE_BYTES + ID_BYTES - CHANCE_AT
const HEX = Buffer.from('0123456789abcdef')
const DASH = 0x2d
const DASHES_BEFORE: readonly number[] = [4, 6, 8, 10]

const block = Buffer.alloc(CHANCE_BYTES * 512)
let used = block.length
const id = new Uint8Array(ID_BYTES)
const text = Buffer.alloc(ID_BYTES * 2 + DASHES_BEFORE.length)
const parts = { random: new Uint8Array(ID_BYTES), msecs: 0, seq: 0 }

export function freshId(): string {
  if (used === block.length) {
    randomFillSync(block)
    used = 0
  }
  const nowMs = Date.now()
  // Within a millisecond they count up, from a random beginning.
  parts.seq = nowMs > parts.msecs ? block.readUInt32BE(used) >>> 1 : parts.seq + 1
  parts.msecs = Math.max(parts.msecs, nowMs)
  for (let at = CHANCE_AT; at < ID_BYTES; at += 1) parts.random[at] = block[used + SEQUENCE_BYTES + at - CHANCE_AT]!
  used += CHANCE_BYTES
  v7(parts, id)
  return textOf(id)
}

function textOf(bytes: Uint8Array): string {
  let at = 0
  for (let index = 0; index < ID_BYTES; index += 1) {
    if (DASHES_BEFORE.includes(index)) at = text.writeUInt8(DASH, at)
    text[at] = HEX[bytes[index]! >> 4]!
    text[at + 1] = HEX[bytes[index]! & 0xf]!
    at += 2
  }
  return text.toString('latin1')
}
