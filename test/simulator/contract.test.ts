import t from 'tap'
import { axisConnectionContract } from '../contracts/axis-connection.ts'
import { setup } from './setup.ts'

t.test('a VXP connection to the simulated axis', async (t) => axisConnectionContract(t, setup))
t.test('a VXP connection to one that leaves packets as they are', async (t) => axisConnectionContract(t, (t) => setup(t, { rewrite: false })))
