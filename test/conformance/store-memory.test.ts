import { openStore } from '../../src/store/open.js'
import { storeConformance } from './store.js'

storeConformance('memory', (_, limits) => openStore({ kind: 'memory', limits }))
