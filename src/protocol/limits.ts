// The limits of the wire (PROTOCOL.md 2), by themselves: who only reads lines needs no schemas.
export const PROTOCOL_VERSION = 1
/** A line before authentication is at most so long, newline included. */
export const GREETING_BYTES_MAX = 4 * 1024
/** A line after authentication. */
export const LINE_BYTES_MAX = 8 * 1024 * 1024
/** Inline payload or result, in bytes of UTF-8. */
export const PAYLOAD_BYTES_MAX = 1024 * 1024
/** What an attempt keeps for the next one: an assignment carries it beside the payload, in one line. */
export const CHECKPOINT_BYTES_MAX = 256 * 1024
/** What a result votes for, where its code says so itself. */
export { BALLOT_BYTES_MAX } from '../task/ballot.js'
/** What may wait to be written to a peer that does not read; beyond it the connection is closed. */
export const WRITE_QUEUE_BYTES_MAX = 8 * 1024 * 1024
export const HANDSHAKE_MS_MAX = 2_000
/** Nesting of arrays and objects in a line. */
export const DEPTH_MAX = 64
/** Entries of a list in one message. */
export const LIST_MAX = 1_000
/** Fields of a list that comes as columns. */
export const COLUMNS_MAX = 64
/** A text that all entries of such a list share, in characters. */
export const COLUMN_CHARS_MAX = 128
/** The `meta` of a task, in characters. */
export const META_CHARS_MAX = 16_384
