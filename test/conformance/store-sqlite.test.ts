import { openStore } from '../../src/store/open.js'
import { storeConformance } from './store.js'

storeConformance('sqlite', (t, limits) => openStore({ kind: 'sqlite', folder: t.testdir(), limits }))
