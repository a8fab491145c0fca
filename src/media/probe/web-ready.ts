/** Owns which H.264 every browser of today decodes. */

/** Baseline, Main, High. */
export const webReadyProfiles: ReadonlySet<number> = new Set([66, 77, 100])

/** Level 5.2: 4K at 60 frames. */
export const maxAvcLevel = 52
