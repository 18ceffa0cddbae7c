// Where the table of the drills is.
import { fileURLToPath } from 'node:url'

/** Beside the sources: what is compiled from them lies in another folder. */
export const TABLE = fileURLToPath(new URL('../../../test/drills/README.md', import.meta.url))
