/** The value that half of the others are below. */
export function median (values: readonly number[]): number {
  return quantile(values, 0.5)
}

/** The value that this share of the others is below. */
export function quantile (values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? Number.NaN
}
