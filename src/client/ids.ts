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
/** Where each byte is written in the text; between them are dashes. */
const PLACES: readonly number[] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34]

const block = Buffer.alloc(CHANCE_BYTES * 512)
let used = block.length
const id = new Uint8Array(ID_BYTES)
const text = Buffer.alloc(36, '-')
const parts = { random: new Uint8Array(ID_BYTES), msecs: 0, seq: 0 }

/** @param nowMs of the wall clock */
export function freshId(nowMs: number): string {
  if (used === block.length) {
    randomFillSync(block)
    used = 0
  }
  // Within a millisecond they count up, from a random beginning.
  parts.seq = nowMs > parts.msecs ? block.readUInt32BE(used) >>> 1 : parts.seq + 1
  parts.msecs = Math.max(parts.msecs, nowMs)
  for (let at = CHANCE_AT; at < ID_BYTES; at += 1) parts.random[at] = block[used + SEQUENCE_BYTES + at - CHANCE_AT]!
  used += CHANCE_BYTES
  v7(parts, id)
  return textOf(id)
}

function textOf(bytes: Uint8Array): string {
  for (let index = 0; index < ID_BYTES; index += 1) {
    const at = PLACES[index]!
    text[at] = HEX[bytes[index]! >> 4]!
    text[at + 1] = HEX[bytes[index]! & 0xf]!
  }
  return text.toString('latin1')
}
