/**
 * Pod addresses 10.244.1.1 … 10.244.250.254, handed out in a circle: an address that a pod has just left is the last one
 * to be given again, so a proxy that has not yet heard of the pod's end gets a refused connection and never a stranger's
 * answer. 10.244.0.x belongs to the nodes, 10.244.251.x and up to whoever asks for an address of his own.
 */
export interface PodAddresses {
  /** The wanted address if it is given (an annotation, or what an earlier kubelet had assigned), else the next free one. */
  take(wanted?: string): string;
  release(address: string): void;
}

const BLOCKS = 250;
const PER_BLOCK = 254;

export function podAddresses(): PodAddresses {
  const taken = new Set<string>();
  let next = 0;
  return {
    take(wanted) {
      let address = wanted;
      for (let tries = 0; address === undefined; tries++) {
        if (tries === BLOCKS * PER_BLOCK) throw new Error(`all ${tries} pod addresses are in use`);
        const candidate = `10.244.${1 + Math.floor(next / PER_BLOCK)}.${1 + (next % PER_BLOCK)}`;
        next = (next + 1) % (BLOCKS * PER_BLOCK);
        if (!taken.has(candidate)) address = candidate;
      }
      taken.add(address);
      return address;
    },
    release: (address) => void taken.delete(address),
  };
}
