/** Owns which commands there are, in the order of the help and of the reference page. */
import { admin } from './admin.ts'
import { backup } from './backup.ts'
import type { Command } from './command.ts'
import { demo } from './demo.ts'
import { doctor } from './doctor.ts'
import { migrateCommand } from './migrate.ts'
import { restore } from './restore.ts'
import { start, worker } from './start.ts'

export const commands: readonly Command[] = [
  ...[start, worker, migrateCommand, doctor],
  ...[admin, demo, backup, restore],
]
