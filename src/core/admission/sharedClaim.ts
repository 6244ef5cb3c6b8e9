/** Whether pods on any node may use a PersistentVolumeClaim with these access modes at once. */
export const isSharedClaim = (accessModes: readonly string[] = []): boolean =>
  accessModes.some((mode) => mode === "ReadWriteMany" || mode === "ReadOnlyMany");
