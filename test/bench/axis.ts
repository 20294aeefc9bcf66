/** The simulated axis, for a process of its own: its one argument says whom it knows, its one message where it listens. It ends with its parent. */
import { runSimulator, type SimulatorOptions } from '../../src/simulator/simulator.ts'

const options = JSON.parse(process.argv[2]!) as Pick<SimulatorOptions, 'systems' | 'agencies'>
const { url } = await runSimulator({ ...options, rewrite: true, now: () => new Date() })
process.send!({ url })
process.once('disconnect', () => process.exit())
